import ArgumentParser
import UringBase

/// The option `--at`: a time in a recording.
struct MomentOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Time in the recording from its start. Default: its end.", valueName: "time"),
    transform: DurationArgument.parse)
  var at: DurationArgument?

  /// Nanoseconds from the recording's start; nil for its end.
  var time: UInt64? { at?.nanoseconds }

  /// Rejects the option, which needs a recording.
  func refuse() throws {
    if at != nil { throw ValidationError("--at needs --from") }
  }

  /// Reports on standard error if the recording ends before the time of `--at`.
  func reportIfLate(in file: RecordingFile) {
    let duration = file.recording.duration
    guard let time, time > duration else { return }
    StandardError.write(
      "\(file.path): \(Figures.duration(time)) is past the end of the recording "
        + "(\(Figures.duration(duration)))"
    )
  }
}
