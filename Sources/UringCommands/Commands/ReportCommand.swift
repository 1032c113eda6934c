import ArgumentParser
import CProcess
import CSpawn
import Glibc
import UringDocuments
import UringFields
import UringFindings
import UringSources
import UringTrace

/// Diagnoses problems, live or in a recording.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Diagnoses problems: findings with evidence, explanation and fix.",
    discussion: """
      docs/findings.md describes each rule. Ongoing conditions, such as a hang, are checked when the \
      watch ends; rates, such as errors, over all of it.

      With -- COMMAND, only COMMAND and its descendants are watched, until COMMAND ends or --duration has \
      passed; then it is sent SIGTERM. With --json its output goes to standard error.

      EXAMPLES:
        uringtop report --pid 4242
        uringtop report --fail-on warn -- ./server --self-test
        uringtop report --json --from trace.uring | jq '.findings[].tag'

      \(ExitStatus.discussion)
      """)

  @Flag(help: "Print the JSON document that docs/json.md describes.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Read a recording instead of watching; - is standard input.", valueName: "recording"),
    completion: .recording)
  var from: String?

  @OptionGroup var moment: MomentOption

  @Option(
    help: ArgumentHelp(
      "How long to watch. Default: 10s, less when nothing can change the answer; with "
        + "COMMAND, until it ends.",
      valueName: "duration"))
  var duration: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Exit with status 1 if a finding has this severity or a higher one: info, warn, crit.",
      valueName: "severity"))
  var failOn: SeverityArgument?

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Report only findings that the expression holds for, as 'severity=crit' or 'tag=hang|deadlock': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A program to start and watch.", valueName: "command"),
    completion: .file())
  var command: [String] = []

  func validate() throws {
    _ = try query()
    if from == nil { try moment.refuse() } else { try capturing.refuse() }
    if from != nil, duration != nil {
      throw ValidationError("--duration is for live reports, --from names a recording")
    }
    if from != nil, !command.isEmpty {
      throw ValidationError("--from names a recording: there is no COMMAND to watch")
    }
    if duration?.nanoseconds == 0 { throw ValidationError("--duration must be more than 0") }
  }

  private func query() throws -> Query<Finding> { try Query(option: condition, over: .findings) }

  func run() throws {
    let query = try query()
    let snapshot: Snapshot
    var ending: ReportDocument.CommandEnding?
    var diagnosis = DiagnosisHistory(seesEveryRequest: filters.seesEveryRequest(capturing))
    if let from {
      let file = try RecordingFile(from, for: PROCESS_READS)
      snapshot = file.recording.snapshot(
        at: moment.time, filter: filters.filter(), every: DiagnosisHistory.interval
      ) { diagnosis.look(at: $0) }
      file.reportFlaw()
      moment.reportIfLate(in: file)
    } else {
      (snapshot, ending) = try watch(&diagnosis)
    }
    let all = diagnosis.findings(at: snapshot)
    let findings = all.filter { query.matches($0, in: snapshot) }
    let document = ReportDocument(
      findings, in: snapshot,
      notEvaluated: diagnosis.notEvaluated(at: snapshot, besides: all),
      command: ending.map { (command, $0) }, toolVersion: Version.current)
    if json {
      try StandardOutput.write(document.encoded())
    } else {
      try StandardOutput.write(ReportText(document, leftOut: all.count - findings.count).text)
    }
    throw Failure(status(findings, ending), "")
  }

  private func status(
    _ findings: [Finding], _ ending: ReportDocument.CommandEnding?
  ) -> Int32 {
    if let failOn, findings.contains(where: { $0.severity >= failOn.severity }) {
      return ExitStatus.findings
    }
    return switch ending {
    case .exited(let status)? where status != 0: ExitStatus.childFailed
    case .killed?: ExitStatus.childFailed
    default: ExitStatus.success
    }
  }

  /// More than any rule needs after the first look at the rings, which can take a second.
  static let defaultDuration = DurationArgument(nanoseconds: 10_000_000_000)

  /// Watches until there is a reason to stop. Asks the command to end only after the last snapshot.
  private func watch(
    _ diagnosis: inout DiagnosisHistory
  ) throws(Failure) -> (Snapshot, ReportDocument.CommandEnding?) {
    spawn_block_signals()
    let child =
      try command.isEmpty
      ? nil
      : ChildCommand(holding: command, streams: json ? .inheritedToError : .inherited)
    let capture = try LiveCapture.start(
      filter: filters.filter(capturing), tree: child?.pid, refreshInterval: .milliseconds(500))
    do {
      try child?.release()
    } catch {
      capture.stop()
      throw error
    }
    let limit = duration ?? (child == nil ? Self.defaultDuration : nil)
    let earlyEnd =
      duration == nil && child == nil ? EarlyEnd(pids: filters.filter().pids.sorted()) : nil
    var watch = Watch(child: child, duration: limit)
    let reason = watch.wait(isOver: {
      let snapshot = capture.source.current()
      diagnosis.look(at: filters.ageFilter.apply(to: snapshot))
      return earlyEnd?.isReached(snapshot) ?? false
    })
    var ending: ReportDocument.CommandEnding?
    if case .childEnded(let how) = reason { ending = ReportDocument.CommandEnding(how) }
    capture.lookAgain(after: reason)
    let snapshot = filters.ageFilter.apply(to: try capture.stop(after: watch.signal))
    capture.reportNotices()
    if let child, ending == nil {
      ending = .running
      if let how = child.terminate(patience: 10), how != .killed(signal: SIGTERM) {
        ending = ReportDocument.CommandEnding(how)
      }
    }
    unblockSignals()
    return (snapshot, ending)
  }
}

extension ReportDocument.CommandEnding {
  fileprivate init(_ ending: ChildCommand.Ending) {
    self =
      switch ending {
      case .exited(let status): .exited(status)
      case .killed(let signal): .killed(signal)
      case .gone: .exited(0)
      }
  }
}
