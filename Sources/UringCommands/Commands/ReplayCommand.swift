import ArgumentParser
import CProcess
import Glibc
import SystemPackage
import UringBase
import UringProbe
import UringRecordings
import UringSources
import UringUI

/// Shows a recording in the UI.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Shows a recording in the UI: play, step, jump to a time or to the next error.",
    discussion: """
      EXAMPLES:
        uringtop replay trace.uring
        uringtop replay trace.jsonl --at 2.5s --paused
        ssh -n host uringtop record -o - | uringtop replay --follow -

      With --follow the recording is shown while it is made, as if it were live: from a pipe (-), or from a \
      file that grows. When it ends, what was seen stays on the screen. Without -n, ssh reads some of the \
      keys that are meant for uringtop.
      """)

  @Argument(
    help: ArgumentHelp("A .uring or .jsonl file.", valueName: "recording"), completion: .recording)
  var input: String

  @Option(
    help: ArgumentHelp("Start at this time of the recording.", valueName: "time"),
    transform: DurationArgument.parse)
  var at: DurationArgument?

  @Flag(help: "Start paused.")
  var paused = false

  @Flag(help: "Show a recording live, while it is made.")
  var follow = false

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "SCREEN") var screen: ScreenOptions

  func validate() throws {
    if follow, at != nil || paused {
      throw ValidationError(
        "--follow shows what happens now: --at and --paused need a whole recording")
    }
  }

  func run() throws {
    let settings = try ScreenSettings(screen)
    if follow { return try showGrowing(settings) }
    let file = try RecordingFile(input, for: PROCESS_OPENS)
    file.reportFlaw()
    let recording = file.recording
    try Screen.show(title: input, settings: settings, filters: filters) { [self] in
      // Unneeded system calls are refused only from here on, because the screen had to read the
      // terminal's properties first.
      _ = process_refuse_calls(PROCESS_READS_AND_WRITES)
      do throws(ThreadError) {
        return try ReplaySource(
          recording, filter: filters.filter(), position: at?.nanoseconds ?? 0, isPlaying: !paused,
          refreshInterval: settings.interval, dump: Self.dump)
      } catch {
        throw Failure(error)
      }
    }
  }

  private func showGrowing(_ settings: ScreenSettings) throws {
    try Screen.requireTerminal()
    let descriptor = input == "-" ? dup(STDIN_FILENO) : open(input, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Failure(.cannotRead(Errno(rawValue: errno)), path: input)
    }
    Confinement.keepOutputCapabilities(writesFiles: false)
    _ = process_refuse_calls(PROCESS_OPENS)
    let stream: OpenStream
    do throws(RecordingError) {
      stream = try OpenStream(descriptor)
    } catch {
      throw Failure(error, path: input)
    }
    try FollowedScreen.show(
      stream, name: input == "-" ? "standard input" : input, settings: settings, filters: filters,
      filter: filters.filter())
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
