import Glibc
import UringBase

/// How the UI starts.
public struct UserInterfaceOptions: Sendable {
  /// The filters given on the command line, as the header shows them; empty for none.
  public var filterDescription = ""
  /// False if those leave requests of the rings in view out.
  public var seesEveryRequest = true
  /// Nanoseconds a request in flight must be old to be listed.
  public var minimumAge: UInt64 = 0
  /// How often the source makes snapshots.
  public var refreshInterval = Duration.seconds(1)
  public var isMonochrome = false
  /// The header's name for the source, such as the command or the recording.
  public var title = ""

  /// The status of the demonstration's target; nil without one. Called with every snapshot, on the main
  /// thread: it must be quick.
  public var demoStatus: (@Sendable () -> DemoStatus)?

  public init() {}

  /// The name proposed for a dump: "uringtop-20250131-123456.jsonl".
  var dumpName: @Sendable () -> String = {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { Figures.padded(UInt64(max(0, number)), to: 2) }
    let date = "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
    return "uringtop-\(date)-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec)).jsonl"
  }
}
