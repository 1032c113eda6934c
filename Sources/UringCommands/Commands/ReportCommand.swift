import ArgumentParser
import CProcess
import CSpawn
import Glibc
import UringDocuments
import UringFields
import UringFindings
import UringRecordings
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
      passed; then it is sent SIGTERM. If the report on standard output is for programs (any format \
      but text), COMMAND's output goes to standard error.

      In junit each rule is a test, which fails if it has a finding of the severity of --fail-on (default here: warn) or above.

      EXAMPLES:
        uringtop report --pid 4242
        uringtop report --fail-on warn -- ./server --self-test
        uringtop report --json --from trace.uring | jq '.findings[].tag'
        uringtop report --from trace.uring --html -o hang.html
        uringtop report --require-rings --fail-on warn --ignore short-transfer --format github -- make test
        uringtop report --from trace.uring --ignore 'hang:summary:*wakeup*' --format junit -o uringtop.xml

      \(ExitStatus.discussion)
      """)

  @OptionGroup var output: ReportOutputOptions

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
      valueName: "duration"),
    transform: DurationArgument.parse)
  var duration: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Exit with status 1 if a finding has this severity or a higher one: info, warn, crit.",
      valueName: "severity"))
  var failOn: SeverityArgument?

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Report only findings that match the expression, such as 'severity=crit' or 'tag=hang|deadlock': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @Option(
    help: ArgumentHelp(
      "Leave out findings with this tag, or those of them that match the expression, such as 'hang' or 'hang:ring=2'. Can be given several times.",
      valueName: "tag[:filter]"))
  var ignore: [String] = []

  @Flag(help: "Exit with status 3 if there was no ring to watch.")
  var requireRings = false

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A program to start and watch.", valueName: "command"),
    completion: .file())
  var command: [String] = []

  func validate() throws {
    _ = try (query(), IgnoredFindings(ignore))
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
    let (query, ignored) = try (query(), IgnoredFindings(ignore))
    // The file is created before the watch, because the watch would be wasted if creating it
    // failed.
    let file = try outputFile()
    let snapshot: Snapshot
    var ending: ReportDocument.CommandEnding?
    var diagnosis = DiagnosisHistory(seesEveryRequest: filters.seesEveryRequest(capturing))
    if let from {
      let recording = try RecordingFile(
        from, for: file == nil ? PROCESS_READS : PROCESS_READS_AND_WRITES)
      snapshot = recording.recording.snapshot(
        at: moment.time, filter: filters.filter(), every: DiagnosisHistory.interval
      ) { diagnosis.look(at: $0) }
      recording.reportFlaw()
      moment.reportIfLate(in: recording)
    } else {
      (snapshot, ending) = try watch(&diagnosis)
    }
    let all = diagnosis.findings(at: snapshot)
    let matching = all.filter { query.matches($0, in: snapshot) }
    let findings = matching.filter { !ignored.contains($0, in: snapshot) }
    let document = ReportDocument(
      findings, in: snapshot,
      notEvaluated: diagnosis.notEvaluated(at: snapshot, besides: all),
      command: ending.map { (command, $0) }, toolVersion: Version.current)
    let verdict = ReportVerdict(
      document: document, failOn: failOn?.severity, requiresRings: requireRings,
      ignored: matching.filter { ignored.contains($0, in: snapshot) })
    let bytes = bytes(of: verdict, leftOut: all.count - findings.count)
    if let file {
      do {
        try file.write(bytes)
        try file.close()
      } catch {
        throw Failure(error)
      }
    } else {
      try StandardOutput.write(bytes)
    }
    throw Failure(verdict.status, verdict.lacksRings ? ReportVerdict.lacksRingsText : "")
  }

  /// The file to write; nil for standard output.
  private func outputFile() throws(Failure) -> OutputFile? {
    guard output.target != "-" else { return nil }
    if let from, from != "-", let input = FileID(output: from),
      FileID(output: output.target) == input
    {
      throw Failure(
        ExitStatus.cannotCreate,
        "cannot write to \(output.target): it is the recording that is read")
    }
    do {
      return try OutputFile(creating: output.target, owner: SudoUser.current?.owner)
    } catch {
      throw Failure(error)
    }
  }

  private func bytes(of verdict: ReportVerdict, leftOut: Int) -> [UInt8] {
    switch output.resolvedFormat {
    case .json: verdict.document.encoded()
    case .text: ReportText(verdict.document, leftOut: leftOut).text.bytes
    case .html: HTMLReport(verdict.document, leftOut: leftOut).encoded()
    case .junit: ReportJUnit(verdict: verdict).text.bytes
    case .github: ReportGitHub(verdict: verdict).text.bytes
    }
  }

  /// The default of `--duration`. It exceeds the time that any rule needs, plus the time until the
  /// rings are first scanned, which can be a second.
  static let defaultDuration = DurationArgument(nanoseconds: 10_000_000_000)

  /// Watches until there is a reason to stop. The command is terminated only after the last
  /// snapshot.
  private func watch(
    _ diagnosis: inout DiagnosisHistory
  ) throws(Failure) -> (Snapshot, ReportDocument.CommandEnding?) {
    spawn_block_signals()
    let child =
      try command.isEmpty
      ? nil
      : ChildCommand(
        holding: command, streams: output.isForPrograms ? .inheritedToError : .inherited)
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
    // The duration counts from the first scan of the rings, because a rule must observe a ring for
    // as long as its condition must last.
    if child == nil { capture.waitForInventory() }
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
