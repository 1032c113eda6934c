import CProcess
import UringBase
import UringSources

/// The UI over a recording that is being made.
enum FollowedScreen {
  /// - Parameter filter: what is left out here; the other side leaves out the rest.
  static func show(
    _ stream: OpenStream, name: String, settings: ScreenSettings, filters: FilterOptions,
    capture: CaptureOptions? = nil, filter: Filter,
    takeMessages: @escaping @Sendable () -> [String] = { [] }
  ) throws {
    try Screen.show(title: name, settings: settings, filters: filters, capture: capture) {
      // The screen has already read the terminal's properties.
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
