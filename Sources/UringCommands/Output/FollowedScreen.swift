import CProcess
import UringBase
import UringSources

/// The UI over a recording that is being made.
enum FollowedScreen {
  /// - Parameter filter: the filter that this process applies; the recorder applies all others.
  static func show(
    _ stream: OpenStream, name: String, settings: ScreenSettings, filters: FilterOptions,
    capture: CaptureOptions? = nil, filter: Filter,
    takeMessages: @escaping @Sendable () -> [String] = { [] }
  ) throws {
    try Screen.show(title: name, settings: settings, filters: filters, capture: capture) {
      // Unneeded system calls are refused only from here on, because the screen had to read the
      // terminal's properties first.
      _ = process_refuse_calls(PROCESS_READS)
      do throws(ThreadError) {
        return try FollowSource(
          stream, name: name, filter: filter, refreshInterval: settings.interval,
          takeMessages: takeMessages)
      } catch {
        throw Failure(error)
      }
    }
  }
}
