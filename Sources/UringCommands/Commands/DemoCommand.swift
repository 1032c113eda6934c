import ArgumentParser
import CSpawn
import Glibc
import UblkTarget
import UringDocuments
import UringRecordings
import UringSources
import UringUI

/// Runs the embedded ublk target and its load.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Shows the UI with a ublk block device that uringtop serves and a load on it.",
    discussion: """
      The device keeps its data in memory unless --file or --null is given. Without a ublk driver, \
      registered buffers and zero-copy sends take its place, unless --target ublk requires it. Beside \
      the target runs a slow mixed load of files, sockets, timers, chains and errors, so that every \
      pane has content; --batch and --no-load leave it out.

      EXAMPLES:
        uringtop demo
        uringtop demo --transfer auto --inject slow-member:2
        uringtop demo --batch --json --duration 5s
        uringtop demo --batch --file /var/tmp/disk --no-load     then: mkfs.ext4 /dev/ublkb0
      """)

  @OptionGroup(title: "TARGET") var target: DemoOptions
  @OptionGroup(title: "SCREEN") var screen: ScreenOptions

  @Flag(help: "Show only the target and its load, without the mixed load beside them.")
  var noMixed = false

  @Flag(help: "Run without a terminal, and print the target's account at the end.")
  var batch = false

  @Flag(
    help: "With --batch: also capture, and print one snapshot as JSON that includes the account.")
  var json = false

  @Option(
    help: ArgumentHelp("How long to run: \(DurationArgument.syntax).", valueName: "duration"),
    transform: DurationArgument.parse)
  var duration: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "Write the target's log of its last I/Os to a file, one JSON object a line.",
      valueName: "file"),
    completion: .file())
  var log: String?

  @Option(
    help: ArgumentHelp(
      "With --batch: also record to a file, as record -o does.", valueName: "file"),
    completion: .recording)
  var record: String?

  func validate() throws {
    if batch, screen.requestFilter != nil {
      throw ValidationError("--where is for the screen, --batch has none")
    }
    if !batch, json { throw ValidationError("--json goes with --batch") }
    if !batch, record != nil { throw ValidationError("--record goes with --batch") }
    if let record, TraceFormat(path: record) == nil {
      throw ValidationError("'\(record)' ends in neither .jsonl nor .uring")
    }
    if !batch, duration != nil { throw ValidationError("--duration goes with --batch") }
    if duration?.nanoseconds == 0 { throw ValidationError("--duration must be more than 0") }
    do {
      try target.configuration.validate()
    } catch {
      throw ValidationError(error.description)
    }
  }

  func run() throws {
    if batch { try runBatch() } else { try runScreen() }
  }

  // MARK: With a terminal

  private func runScreen() throws {
    let settings = try ScreenSettings(screen)
    try Screen.requireTerminal()
    let running = RunningDemo()
    defer { running.stop() }
    let status: @Sendable () -> DemoStatus = { running.status }
    try Screen.show(title: "demo", settings: settings, demoStatus: status) { [self] in
      // The probes are attached before the target starts, so that no group (a lent buffer and the
      // requests that use it) is missed.
      let capture = try capture(refreshInterval: settings.interval, isForScreen: true)
      let start = try Self.start(target)
      running.workload = start.workload
      if !noMixed, !target.noLoad {
        do throws(TargetError) { try running.startMixedLoad() } catch { throw Failure(error) }
      }
      return DemoSource(capture.source, notice: start.notice)
    }
    running.stop()
    if let workload = running.workload {
      if let log { try Self.write(workload.records, to: log) }
      if let failure = workload.status.failure { throw Failure(ExitStatus.system, failure) }
    }
  }

  // MARK: Without a terminal

  private func runBatch() throws {
    // Signals are blocked before any thread starts. A signal only ends the wait below, so that the
    // ublk device is removed before the program exits.
    spawn_block_signals()
    let recorder = record.map { Recorder(path: $0, format: TraceFormat(path: $0)!) }
    let isCapturing = json || recorder != nil
    let capture =
      isCapturing ? try capture(refreshInterval: .seconds(1), recorder: recorder) : nil
    let start: Demonstration.Start
    do {
      if let capture { try recorder?.start(host: capture.host) }
      start = try Self.start(target)
      do {
        try recorder?.publish()
      } catch {
        start.workload.stop()
        throw error
      }
    } catch {
      capture?.stop()
      recorder?.discard()
      throw error
    }
    if let notice = start.notice { StandardError.write(notice) }
    let workload = start.workload
    if !json, let device = workload.status.device { StandardError.write("serving \(device)") }
    let signal = wait(for: workload)
    try BlockingCall.run("stopper", after: signal) { workload.stop() }
    let status = workload.status
    let snapshot = try capture?.stop(after: signal)
    let end = try snapshot.flatMap { snapshot throws(Failure) in
      try recorder?.finish(after: snapshot, signal: signal)
    }
    unblockSignals()
    if let end { StandardError.write(end) }
    if json, let snapshot {
      try StandardOutput.write(
        SnapshotDocument(snapshot, toolVersion: Version.current).encoded { json in
          json.key("demo")
          DemoAccount.write(status, to: &json)
        })
    } else {
      try StandardOutput.write(Self.text(status))
    }
    if let log { try Self.write(workload.records, to: log) }
    if let failure = status.failure { throw Failure(ExitStatus.system, failure) }
    if signal != 0, duration != nil { throw Failure(ExitStatus.signal(signal), "") }
  }

  /// Captures only this process: the rings of the target and of the load.
  private func capture(
    refreshInterval: Duration, recorder: Recorder? = nil, isForScreen: Bool = false
  ) throws(Failure) -> LiveCapture {
    // The probes use types of the ublk driver, so the driver must be loaded first.
    if target.kind != .buffers { Demonstration.loadDriver() }
    var filter = Filter()
    filter.pids = [UInt32(getpid())]
    return try LiveCapture.start(
      filter: filter, refreshInterval: refreshInterval, recorder: recorder,
      isForScreen: isForScreen,
      isConfined: false)
  }

  private static func start(_ options: DemoOptions) throws(Failure) -> Demonstration.Start {
    do throws(TargetError) {
      return try Demonstration.start(options.configuration, target: options.kind)
    } catch {
      throw Failure(error)
    }
  }

  /// Waits for a signal, the end of `--duration`, or the end of the load. Returns the signal, or 0.
  private func wait(for workload: any Workload) -> Int32 {
    let deadline = Deadline(in: duration?.nanoseconds)
    while let pause = deadline.remaining(atMost: 100_000_000) {
      let signal = spawn_wait_signal(Int64(pause))
      if signal.number != 0, signal.number != SIGCHLD { return signal.number }
      let status = workload.status
      if status.failure != nil || status.load?.isDone == true { break }
    }
    return 0
  }

  private static func text(_ status: Status) -> PlainText {
    let totals = status.totals
    var text = PlainText()
    text.line(
      "\(status.device ?? "no device"): \(status.target.rawValue), \(status.mode), "
        + "backing \(status.backing)")
    text.line(
      "\(totals.ios) I/Os, \(totals.bytes) bytes, \(totals.groups) groups, "
        + "\(totals.members) members")
    text.line(
      "\(status.load?.verified ?? 0) blocks verified, \(status.errors) errors")
    for fault in Fault.allCases {
      if let count = totals.faults[fault] { text.line("\(fault.rawValue): \(count) I/Os") }
    }
    if let mismatch = status.load?.firstMismatch { text.line(mismatch) }
    return text
  }

  private static func write(_ records: [IORecord], to path: String) throws(Failure) {
    var json = JSONWriter()
    for record in records { DemoAccount.write(record, to: &json) }
    do throws(OutputError) {
      try OutputFile.write(json.bytes, to: path, owner: SudoUser.current?.owner)
    } catch {
      throw Failure(error)
    }
  }
}
