import CProcess
import UringBase
import UringSources

/// The UI over a recording that is being made.
enum FollowedScreen {
  /// - Parameter filter: the filter that is applied here; all others are applied by the recorder.
  static func show(
    _ stream: OpenStream, name: String, settings: ScreenSettings, filters: FilterOptions,
    capture: CaptureOptions? = nil, filter: Filter,
    takeMessages: @escaping @Sendable () -> [String] = { [] }
  ) throws {
    try Screen.show(title: name, settings: settings, filters: filters, capture: capture) {
      // System calls can be refused from here on: the screen has already read the terminal's
      // properties.
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
