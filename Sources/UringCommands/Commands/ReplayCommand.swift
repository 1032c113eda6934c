import ArgumentParser
import CProcess
import UringBase
import UringRecordings
import UringSources
import UringUI

/// The UI over a recording.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Shows a recording in the UI: play, step, jump to a time or to the next error.",
    discussion: """
      EXAMPLES:
        uringtop replay trace.uring
        uringtop replay trace.jsonl --at 2.5s --paused
      """)

  @Argument(
    help: ArgumentHelp("A .uring or .jsonl file.", valueName: "recording"), completion: .recording)
  var input: String

  @Option(help: ArgumentHelp("Start at this time of the recording.", valueName: "time"))
  var at: DurationArgument?

  @Flag(help: "Start paused.")
  var paused = false

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "SCREEN") var screen: ScreenOptions

  func run() throws {
    let file = try RecordingFile(input, for: PROCESS_OPENS)
    file.reportFlaw()
    let recording = file.recording
    try Screen.show(title: input, options: screen, filters: filters) { [self] in
      // The screen has already read the terminal's properties.
      _ = process_refuse_calls(PROCESS_READS_AND_WRITES)
      do throws(ThreadError) {
        return try ReplaySource(
          recording, filter: filters.filter(), position: at?.nanoseconds ?? 0, isPlaying: !paused,
          refreshInterval: screen.interval.duration, dump: Self.dump)
      } catch {
        throw Failure(error)
      }
    }
  }

  private static func dump(_ recording: Recording, to path: String) -> Notice {
    do throws(Failure) {
      try ExportCommand.write(recording, to: path, as: TraceFormat.jsonl.makeEncoder)
      return Notice("wrote \(path)")
    } catch {
      return Notice(error.message, isError: true)
    }
  }
}
