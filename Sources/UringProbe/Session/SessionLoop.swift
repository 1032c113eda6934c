import CBPF
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// The session's thread: hands the records to the aggregator, the tail and the sink, makes snapshots, and
/// sleeps while there is nothing to do.
final class SessionLoop: @unchecked Sendable {
  let state: SessionState
  let host: HostDescription
  let capture: SharedCapture
  let flush: SharedFlush
  let calls: SystemCallObject?
  let options: LiveSession.Options
  let flagBits: [String: UInt32]

  // Only the thread uses the members below.
  private var reader: TransportReader
  private var sleep: ReaderSleep
  private var losses: LossWatch
  /// Losses to report once everything written before them is read: a ring's creation must precede its counts.
  private var untoldLosses = RecordBuffer()
  private var untoldTime: UInt64 = 0
  private var suspectSearch = SuspectSearch()
  private var nextSnapshot: UInt64 = 0
  private var knownStacks: Set<UserStackKey> = []
  /// True while the first inventory or a requested one is awaited. Its arrival makes a snapshot due at once.
  private var awaitsInventory = true
  private var inventories = 0

  /// Nanoseconds from the first record after a silence to the snapshot that shows it, which often includes the
  /// completion.
  private static let firstRecordDelay: UInt64 = 20_000_000
  /// Minimum time between two such snapshots.
  private static let firstRecordInterval: UInt64 = 250_000_000
  private static let settlePatience: UInt64 = 500_000_000
  /// Nanoseconds to wait for the rings of an exited process: a busy kernel closes them late.
  private static let endingPatience: UInt64 = 3_000_000_000
  /// Microseconds. A ring is thought gone when two walks in a row miss it.
  private static let settlePause: UInt32 = 50_000

  init(
    options: LiveSession.Options, host: HostDescription, state: SessionState,
    capture: SharedCapture, reader: consuming TransportReader, flush: SharedFlush,
    calls: SystemCallObject?,
    flagBits: [String: UInt32]
  ) throws(ProbeError) {
    losses = try LossWatch(capture: capture, flush: flush, state: state)
    sleep = try ReaderSleep(
      capture: capture, wake: state.wake,
      // The symbols of a new user stack must be looked up while its process lives.
      pacing: DrainPacing(
        recordBufferSize: options.recordBufferSize, isPrompt: options.filter.takesStacks))
    self.reader = reader
    self.options = options
    self.host = host
    self.state = state
    self.capture = capture
    self.flush = flush
    self.calls = calls
    self.flagBits = flagBits
  }

  func run() {
    // Mostly idle but latency-critical: the record buffer of a screen holds some 16 ms of a flood.
    cbpf_prefer_thread()
    var intake = RecordIntake(options: options, host: host, state: state)
    intake.take(flagNames())
    while true {
      let commands = takeCommands()
      // Taken before the drain, because the surveyor made its observations before the ends that are drained now.
      let answers = takeAnswers()
      let now = MonotonicClock.now()
      let drained = drain(to: &intake, isComplete: !answers.records.isEmpty)
      take(answers, to: &intake)
      tellLosses(&intake)
      if hasAwaitedInventory(answers.inventories) { nextSnapshot = now }
      if drained > 0 { suspectSearch.noteRecords(at: now) }
      if sleep.isBehind(drained) || losses.dueTime.map({ now >= $0 }) ?? false {
        checkLosses(&intake, at: now)
      }
      intake.advance(to: reader.watermark)
      askAboutSuspects(intake.aggregator, at: now)

      if commands.isStopping {
        state.progress.advance()
        settle(&intake)
        // One drain is enough: the programs keep writing, but only records written before the stop matter.
        _ = drain(to: &intake, isComplete: true)
        // Two checks, because a missed event counts only once a second check has found it too.
        checkLosses(&intake, at: MonotonicClock.now())
        checkLosses(&intake, at: MonotonicClock.now())
        tellLosses(&intake, isLast: true)
        readCalls(&intake)
        intake.advance(to: MonotonicClock.now())
        publish(&intake)
        state.progress.advance()
        return
      }
      passOn(commands, intake.aggregator)
      for path in commands.dumps { dump(&intake, to: path) }
      if now >= nextSnapshot || commands.wantsRefresh {
        publish(&intake)
        nextSnapshot = now + commands.refreshInterval
      }
      let isFirst = sleep.sleep(
        after: drained, atMost: rest(isSilent: drained == 0), reader: reader)
      if isFirst { hastenSnapshot(interval: commands.refreshInterval) }
    }
  }

  /// Nanoseconds until the thread has work even if nothing wakes it.
  private func rest(isSilent: Bool) -> UInt64 {
    let now = MonotonicClock.now()
    var time = nextSnapshot
    // While records arrive, losses are checked after each drain.
    if isSilent, let due = losses.dueTime { time = min(time, due) }
    if isSilent, suspectSearch.isPending(at: now) { time = min(time, suspectSearch.nextCheck) }
    return max(1, time.since(now))
  }

  /// Brings the next snapshot forward after the first record that ends a silence.
  private func hastenSnapshot(interval: UInt64) {
    let lastSnapshot = nextSnapshot &- interval
    nextSnapshot = min(
      nextSnapshot,
      max(
        MonotonicClock.now() + Self.firstRecordDelay,
        lastSnapshot + min(interval, Self.firstRecordInterval)))
  }

  // MARK: Commands

  private func takeCommands() -> SessionState.Commands {
    state.commands.withLock { commands in
      defer {
        commands.wantsRefresh = false
        commands.wantsInventory = false
        commands.inspections = []
        commands.dumps = []
      }
      return commands
    }
  }

  /// Passes the surveyor's commands to it.
  private func passOn(_ commands: SessionState.Commands, _ aggregator: borrowing Aggregator) {
    guard commands.wantsInventory || !commands.inspections.isEmpty else { return }
    var inspections: [SuspectRequest] = []
    for request in commands.inspections {
      if let address = aggregator.kernelAddress(of: request) { inspections.append(address) }
    }
    if commands.wantsInventory { awaitsInventory = true }
    state.mailbox.ask { requests in
      if commands.wantsInventory { requests.wantsInventory = true }
      requests.inspections += inspections
    }
  }

  // MARK: Records

  /// Reads records and returns their size.
  ///
  /// - Parameter isComplete: true to read all that were written before the call. Otherwise the latest are left, because
  ///   a processor may be about to write earlier ones.
  private func drain(to intake: inout RecordIntake, isComplete: Bool = false) -> Int {
    if isComplete { TransportReader.settle() }
    var created: [(ring: UInt64, time: UInt64)] = []
    var stacks: [UserStackKey] = []
    let bytes = reader.drain(now: MonotonicClock.now()) { run in
      intake.append(run.bytes)
      guard Self.notedKinds.contains(where: run.kinds.contains) else { return }
      for record in RecordSequence(bytes: run.bytes) { note(record, &created, &stacks) }
    }
    intake.handOver()
    if bytes > 0 { losses.noteRecords() }
    if !stacks.isEmpty || !created.isEmpty {
      state.mailbox.ask { requests in
        requests.stacks += stacks
        requests.created += created
      }
    }
    return bytes
  }

  /// The kinds of record that the surveyor has work with.
  private static let notedKinds: [RecordKind] = [.create, .submitStack, .memoryChange]

  private func note(
    _ record: UnsafePointer<record>, _ created: inout [(ring: UInt64, time: UInt64)],
    _ stacks: inout [UserStackKey]
  ) {
    switch record.pointee.kind {
    case .create: created.append((record.pointee.ctx, record.pointee.time_ns))
    case .submitStack:
      let submission = UnsafeRawPointer(record).load(as: record_submit_stack.self)
      note(UserStackKey(tgid: submission.tgid, stack: submission.stack), &stacks)
    case .memoryChange:
      let change = UnsafeRawPointer(record).load(as: record_memory_change.self)
      if change.stack != 0 {
        note(UserStackKey(tgid: change.tgid, stack: change.stack - 1), &stacks)
      }
    default: break
    }
  }

  /// Collects a stack that appears for the first time: its symbols must be looked up while its process lives.
  @inline(never)
  private func note(_ key: UserStackKey, _ stacks: inout [UserStackKey]) {
    if knownStacks.count >= LiveSession.mostStacks { knownStacks.removeAll() }
    if knownStacks.insert(key).inserted { stacks.append(key) }
  }

  /// Reads the remaining call counts at the end; until then the surveyor reads them.
  private func readCalls(_ intake: inout RecordIntake) {
    guard let calls else { return }
    var records = RecordBuffer()
    calls.read(into: &records)
    if !records.isEmpty { intake.take(records) }
  }

  // MARK: The surveyor's answers

  private func takeAnswers() -> SurveyorMailbox.Answers {
    state.mailbox.answers.withLock { answers in
      defer {
        answers.records = RecordBuffer()
        answers.notices = []
      }
      return answers
    }
  }

  private func take(_ answers: SurveyorMailbox.Answers, to intake: inout RecordIntake) {
    answers.records.withEachRecord { record in
      if record.pointee.kind == .freed { suspectSearch.noteEnd() }
    }
    intake.take(answers.records)
    for notice in answers.notices { state.notify(notice) }
  }

  /// True if the awaited inventory has arrived.
  private func hasAwaitedInventory(_ taken: Int) -> Bool {
    defer { inventories = taken }
    guard awaitsInventory, taken > inventories else { return false }
    awaitsInventory = false
    return true
  }

  // MARK: Losses and unnoticed ends

  private func checkLosses(_ intake: inout RecordIntake, at time: UInt64) {
    let (records, isLosing) = losses.check(at: time, lostBySink: intake.takeLostBySink())
    if isLosing { suspectSearch.noteLoss() }
    untoldLosses.append(records)
    untoldTime = MonotonicClock.now()
    _ = drain(to: &intake, isComplete: true)
    tellLosses(&intake)
  }

  /// - Parameter isLast: true at the end, when nothing more is read although a program may still hold a record.
  private func tellLosses(_ intake: inout RecordIntake, isLast: Bool = false) {
    guard !untoldLosses.isEmpty,
      isLast || reader.watermark >= untoldTime
    else { return }
    intake.take(untoldLosses)
    untoldLosses = RecordBuffer()
  }

  private func askAboutSuspects(_ aggregator: borrowing Aggregator, at time: UInt64) {
    guard time >= suspectSearch.nextCheck,
      !state.mailbox.answers.withLock({ $0.isWalking })
    else { return }
    let suspects = suspectSearch.suspects(in: aggregator, at: time)
    if !suspects.isEmpty { state.mailbox.ask(about: suspects) }
  }

  /// Waits for late ends, so that a program that was watched to its end does not seem to have left requests in flight.
  /// Searches a last time for requests that ended without an event, and gives the kernel a moment to close the rings of
  /// exited processes.
  private func settle(_ intake: inout RecordIntake) {
    let start = MonotonicClock.now()
    var hasWaited = false
    while true {
      // `.max`: suspects of any age
      let suspects = intake.aggregator.suspects(at: .max, limit: SuspectSearch.limit)
      let owners = intake.aggregator.ownersOfRequestsInFlight
      // a process that was just killed does not show it at once
      let isEnding = !owners.isEmpty && (!hasWaited || owners.contains(where: Procfs.isEnding))
      // Two scans must miss a ring before it is reported as closed.
      let isClosing = intake.aggregator.ownersOfOpenRings.contains(where: Procfs.isEnding)
      if suspects.isEmpty, !isEnding, !isClosing { return }
      let patience = isEnding ? Self.endingPatience : Self.settlePatience
      if MonotonicClock.now() - start > patience { return }
      hasWaited = true
      if !suspects.isEmpty, !state.mailbox.answers.withLock({ $0.isWalking }) {
        state.mailbox.ask(about: suspects)
      }
      if isClosing { state.mailbox.ask { $0.wantsScan = true } }
      usleep(Self.settlePause)
      let answers = takeAnswers()
      _ = drain(to: &intake, isComplete: true)
      take(answers, to: &intake)
      state.progress.advance()
    }
  }
}
