import ArgumentParser
import UringFields

/// Options of the flight recorder: `record --keep`.
struct FlightOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep only this much, in memory, and write it to files in the folder -o when a condition of --on begins, at "
        + "SIGUSR1 or at 'uringtop freeze'.",
      valueName: "duration"),
    transform: DurationArgument.parse)
  var keep: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Keep at most this many bytes in memory. Default: 256M.", valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var maxSize = ByteCountArgument(bytes: 256 << 20)

  @Option(
    help: ArgumentHelp(
      "Conditions, separated by commas: a severity (crit, warn, info), the tag of a finding, or a comparison, as "
        + "'crit,p99>50ms'. p99 and the like are those of the last second.",
      valueName: "conditions"))
  var on: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file begins this long before its cause, as far as it is kept. Default: all that is kept.",
      valueName: "duration"),
    transform: DurationArgument.parse)
  var before: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "A file ends this long after its cause. Default: 5s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var after = DurationArgument(nanoseconds: 5_000_000_000)

  @Option(
    help: ArgumentHelp("Keep at most this many files; the oldest is removed first.", valueName: "n")
  )
  var maxFiles = 20

  @Option(
    help: ArgumentHelp(
      "Keep at most this many bytes of files; the oldest is removed first. Default: 2G.",
      valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var maxTotal = ByteCountArgument(bytes: 2 << 30)

  /// True if an option is given that is valid only with --keep.
  private var hasOthers: Bool { !on.isEmpty || before != nil }

  func validate() throws {
    guard let keep else {
      if hasOthers { throw ValidationError("--on and --before need --keep") }
      return
    }
    guard keep.nanoseconds >= 1_000_000_000 else {
      throw ValidationError("--keep must be at least 1s")
    }
    guard maxSize.bytes >= 1 << 20 else { throw ValidationError("--max-size must be at least 1M") }
    guard maxFiles >= 1 else { throw ValidationError("--max-files must be at least 1") }
    if let before, before.nanoseconds > keep.nanoseconds {
      throw ValidationError("--before must be at most what --keep keeps")
    }
    _ = try triggers()
  }

  func triggers() throws(ValidationError) -> [Trigger] {
    var triggers: [Trigger] = []
    for text in on {
      do throws(QueryError) {
        triggers += try Trigger.list(text, named: .configured)
      } catch {
        throw ValidationError("--on, \(error)")
      }
    }
    return triggers
  }
}
