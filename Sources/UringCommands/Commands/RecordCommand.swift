import ArgumentParser
import CSpawn
import Glibc
import UringFields
import UringSources
import UringTrace

/// Records io_uring events to a file, or keeps the last ones as a flight recorder.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Records io_uring events to a file, until Ctrl-C, --duration or COMMAND's end.",
    discussion: """
      With -- COMMAND, COMMAND is held until the probes are attached, so that none of its \
      requests is missed. Only COMMAND and its descendants are recorded unless --pid, --comm or --fd select others. \
      uringtop exits with COMMAND's status, 128 + N if signal N killed it. When --duration ends the \
      recording, COMMAND is sent SIGTERM, and the status is 0 if that ends it. Under sudo \
      COMMAND runs as the user who called sudo, and a new file belongs to them.

      After Ctrl-C, SIGTERM or SIGHUP the file is complete. Without COMMAND the status is then 128 + signal.

      With --keep it is a flight recorder: it keeps the last events in memory, and writes a complete recording to the \
      folder -o when a condition of --on begins, and at once at SIGUSR1 or 'uringtop freeze'.

      EXAMPLES:
        uringtop record -o trace.uring -- fio job.fio
        uringtop record -o trace.jsonl --pid 4242 --duration 10s
        uringtop record -o writes.uring --where 'op:WRITE|FSYNC' --pid 4242
        uringtop record -o - --comm fio | jq -c 'select(.event == "submit")'
        uringtop record --keep 60s -o /var/lib/uringtop --on 'crit,p99>50ms' --before 30s

      \(ExitStatus.discussion)
      """)

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp("How long to record: \(DurationArgument.syntax).", valueName: "duration"),
    transform: DurationArgument.parse)
  var duration: DurationArgument?

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Record only requests whose opcode matches the expression, such as 'op:READ|WRITE !op:FIXED': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @OptionGroup(title: "FLIGHT RECORDER") var flight: FlightOptions
  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A program to start and record.", valueName: "command"),
    completion: .file())
  var command: [String] = []

  func validate() throws {
    if output.path == nil { throw ValidationError("Missing expected argument '--output <file>'") }
    if flight.keep == nil {
      _ = try output.resolvedFormat()
    } else if output.format == .jsonl || output.target == "-" {
      throw ValidationError("--keep writes .uring files to the folder that -o names")
    }
    if duration?.nanoseconds == 0 { throw ValidationError("--duration must be more than 0") }
    if condition != nil { _ = try filter() }
    if filters.minimumAge != nil {
      throw ValidationError("--min-age applies to what is listed, not to what is recorded")
    }
  }

  /// The filter of the options and of `--where`.
  private func filter() throws -> Filter {
    var filter = filters.filter(capturing)
    guard condition != nil else { return filter }
    var opcodes = try Query<Opcode>(option: condition, over: .recorded).opcodes
    if !filter.opcodes.isEmpty { opcodes.formIntersection(filter.opcodes) }
    guard !opcodes.isEmpty else { throw ValidationError("--where holds for no opcode") }
    filter.opcodes = opcodes
    return filter
  }

  func run() throws {
    let filter = try filter()
    if let keep = flight.keep { throw Failure(try watch(filter, keep: keep), "") }
    let format = try output.resolvedFormat()
    spawn_block_signals()
    let child = try command.isEmpty ? nil : ChildCommand(holding: command, streams: .inherited)
    let recorder = Recorder(path: output.target, format: format)
    let capture: LiveCapture
    do throws(Failure) {
      capture = try LiveCapture.start(
        filter: filter, tree: child?.pid, refreshInterval: .milliseconds(500),
        recorder: recorder)
      do throws(Failure) {
        try recorder.start(host: capture.host)
        try child?.release()
        do throws(Failure) {
          try recorder.publish()
        } catch {
          _ = child?.terminate()
          throw error
        }
      } catch {
        capture.stop()
        throw error
      }
    } catch {
      recorder.discard()
      throw error
    }
    var watch = Watch(child: child, duration: duration)
    let reason = watch.wait { recorder.hasFailed }
    capture.lookAgain(after: reason)
    let last = try capture.stop(after: watch.signal)
    capture.reportNotices()
    let end = Result { () throws(Failure) in
      try recorder.finish(after: last, signal: watch.signal)
    }
    if case .failure(let failure) = end, !failure.message.isEmpty {
      StandardError.write(failure.message)
    }

    var status = Self.status(after: reason, child)
    if case .failure(let failure) = end { status = failure.status }
    if case .success(let line) = end {
      StandardError.write(line)
      filters.reportNothingSelected(unless: !last.rings.isEmpty)
    }
    throw Failure(status, "")
  }

  /// The exit status after a watch. If the watch ended with its duration, the recorded program is
  /// terminated first.
  static func status(after reason: Watch.Reason, _ child: ChildCommand?) -> Int32 {
    switch reason {
    case .signal(let number): return ExitStatus.signal(number)
    case .childEnded(let ending): return ending.status
    case .durationOver:
      if let child, let ending = child.terminate(patience: 10), ending != .killed(signal: SIGTERM) {
        return ending.status
      }
    case .failed:
      if let child { _ = waitOut(child) }
    }
    return ExitStatus.success
  }

  /// Waits until the recorded program ends. The program continues even if the recording has failed.
  private static func waitOut(_ child: ChildCommand) -> ChildCommand.Ending {
    while true {
      if let ending = child.poll() { return ending }
      let signal = spawn_wait_signal(100_000_000)
      if signal.number != 0, signal.number != SIGCHLD, signal.from_terminal == 0 {
        child.send(signal.number)
      }
    }
  }
}
