import Glibc
import UringBase
import UringConfiguration
import UringSources

/// Settings with which the UI starts.
public struct UserInterfaceOptions: Sendable {
  /// Filters of the command line, as the header shows them; empty for none.
  public var filterDescription = ""
  /// The initial filter of the lists of requests: the text of a ``Query`` over `FieldSet.requests`.
  public var requestFilter = ""
  /// False if the filters leave out requests of the rings in view.
  public var seesEveryRequest = true
  /// True if the filters exclude rings.
  public var selectsRings = false
  /// Minimum age in nanoseconds of requests in flight that are listed.
  public var minimumAge: UInt64 = 0
  /// Time between the source's snapshots.
  public var refreshInterval = Duration.seconds(1)
  public var isMonochrome = false
  /// The colour theme; nil for the one that suits the terminal's background.
  package var theme: ThemeName?
  /// The configuration file's columns, sort orders and named filters.
  package var configuration = Configuration()
  /// Why the configuration was not read, in one line; nil if it was read.
  package var configurationFailure: String?
  /// Describes a mistake in the configuration in one line.
  package var describeMistake: @Sendable (Mistake) -> String = { $0.message }
  /// Keeps a change by the user for the next start, and returns a notice for the user. Called on
  /// the main thread.
  package var keep: (@Sendable (ConfigurationChange) -> Notice?)?
  /// The header's name for the source, such as the command or the recording.
  public var title = ""

  /// Returns the name of the program that uringtop started and ends when the user quits; nil if
  /// there is none, or it has ended. Called on the main thread.
  public var startedProgram: (@Sendable () -> String?)?

  /// Returns the status of the demonstration's target; nil without a demonstration. Called on the
  /// main thread with every snapshot, so it must be fast.
  public var demoStatus: (@Sendable () -> DemoStatus)?

  public init() {}

  /// Returns the file name proposed for a dump: "uringtop-20250131-123456.jsonl".
  var dumpName: @Sendable () -> String = {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { Figures.padded(UInt64(max(0, number)), to: 2) }
    let date = "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
    return "uringtop-\(date)-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec)).jsonl"
  }
}
