import ArgumentParser
import CProcess
import Synchronization
import UringProbe
import UringSources

/// Shows the live UI: `uringtop` without a subcommand.
struct LiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "live",
    abstract: "Shows the live UI (default subcommand).",
    discussion: """
      With -- COMMAND, COMMAND starts once the probes are attached, and only COMMAND and its \
      descendants are watched unless --pid, --comm or --fd select others. Its input is empty, and \
      its output goes to --child-output, or to a file that uringtop names when it ends. When you \
      quit and confirm, COMMAND is sent SIGTERM.

      EXAMPLES:
        uringtop
        uringtop -- fio job.fio
        uringtop --comm fio --op READ,WRITE_FIXED --min-age 10ms
        uringtop --host root@db1 --comm postgres

      With --host, what uringtop record sees on that machine is shown here, live. ssh, or the program that \
      URINGTOP_SSH names, runs it. When the connection is lost, what was seen stays on the screen.
      """)

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions
  @OptionGroup(title: "SCREEN") var screen: ScreenOptions
  @OptionGroup(title: "ANOTHER MACHINE") var remote: RemoteOptions

  @Option(
    help: ArgumentHelp("File for COMMAND's output.", valueName: "file"), completion: .file())
  var childOutput: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A program to start and watch.", valueName: "command"),
    completion: .file())
  var command: [String] = []

  func validate() throws {
    if remote.host != nil, !command.isEmpty || childOutput != nil {
      throw ValidationError("--host watches what runs there: it starts no COMMAND")
    }
  }

  func run() throws {
    let settings = try ScreenSettings(screen)
    if remote.host != nil { return try follow(settings) }
    let held = try command.isEmpty ? nil : HeldProgram(command, output: childOutput)
    defer { held?.end() }
    // Reduces the capabilities of this thread and of the threads that the UI starts. One of these
    // opens the source.
    Confinement.keepCaptureCapabilities()
    try Screen.show(
      title: command.joined(separator: " "), settings: settings, filters: filters,
      capture: capturing,
      startedProgram: held.map { held -> @Sendable () -> String? in { held.runningName } }
    ) { [self] in
      let capture = try LiveCapture.start(
        filter: filters.filter(capturing), tree: held?.child.pid,
        refreshInterval: settings.interval,
        isForScreen: true)
      try held?.release()
      return capture.source
    }
  }

  /// Shows the recording of another machine, live.
  private func follow(_ settings: ScreenSettings) throws {
    try Screen.requireTerminal()
    guard let recording = try remote.start(filters, capturing) else { return }
    Confinement.keepOutputCapabilities(writesFiles: false)
    _ = process_refuse_calls(PROCESS_OPENS)
    let stream = try recording.open()
    let takeMessages = recording.keepMessages()
    try FollowedScreen.show(
      stream, name: recording.host, settings: settings, filters: filters, capture: capturing,
      filter: filters.ageFilter, takeMessages: takeMessages)
    withExtendedLifetime(recording) {}
  }

  /// The program to watch, held until the probes are attached. It is passed to the thread that
  /// opens the source. That thread does not use the child after releasing it, and has finished when
  /// the UI ends.
  private final class HeldProgram: @unchecked Sendable {
    let child: ChildCommand
    private let output: ChildOutput
    private let name: String
    private let isReleased = Mutex(false)

    init(_ command: [String], output path: String?) throws(Failure) {
      try Screen.requireTerminal()
      name = command[0]
      output = try ChildOutput(path: path, command: name)
      child = try ChildCommand(
        holding: command, streams: .detached(output: output.descriptor))
    }

    func release() throws(Failure) {
      try child.release()
      isReleased.withLock { $0 = true }
      try output.publish()
    }

    func end() {
      let ending = child.terminate()
      output.report(ending: ending)
    }

    /// The program's name; nil if it does not run. Called on the UI's thread.
    var runningName: String? { isReleased.withLock { $0 } && child.poll() == nil ? name : nil }
  }
}
