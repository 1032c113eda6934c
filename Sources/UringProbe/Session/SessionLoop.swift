import CBPF
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// The session's reader thread: passes records to the aggregator, the tail and the sink, makes
/// snapshots, and sleeps while there is nothing to do.
final class SessionLoop: @unchecked Sendable {
  let state: SessionState
  let host: HostDescription
  let capture: SharedCapture
  let flush: SharedFlush
  let calls: SystemCallObject?
  let options: LiveSession.Options
  let flagBits: [String: UInt32]

  // Only the reader thread uses the members below.
  private var reader: TransportReader
  private var sleep: ReaderSleep
  private var losses: LossWatch
  /// Loss and count records that wait until all records written before them have been read. In
  /// particular, the record of a ring's creation must precede the counts of that ring.
  private var pendingLosses = RecordBuffer()
  private var pendingTime: UInt64 = 0
  private var suspectSearch = SuspectSearch()
  private var nextSnapshot: UInt64 = 0
  private var knownStacks: Set<UserStackKey> = []
  /// True while an inventory is awaited: the first one, or one that was requested later. Its
  /// arrival makes a snapshot due at once.
  private var awaitsInventory = true
  private var inventories = 0
  private var refresh = StateRefresh()

  /// Nanoseconds from the first record after a silence to the snapshot that shows the request.
  /// Often the request completes within this time, so the snapshot also shows its completion.
  private static let firstRecordDelay: UInt64 = 20_000_000
  /// Minimum nanoseconds between the last snapshot and one that the first record after a silence
  /// brings forward.
  private static let firstRecordInterval: UInt64 = 250_000_000
  private static let settlePatience: UInt64 = 500_000_000
  /// Nanoseconds to wait at the end for requests of an exiting process: a busy kernel closes the
  /// process's rings late.
  private static let endingPatience: UInt64 = 3_000_000_000
  /// Microseconds between two checks of ``settle(_:)``. Several are needed: a ring counts as closed
  /// when two consecutive scans miss it.
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
      // Prompt with user stacks: their symbols must be looked up before the process exits.
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
    // This thread is mostly idle but latency-critical: at the highest rate of one core, the first
    // 8 MiB of the record buffer fill in 16 ms.
    cbpf_prefer_thread()
    var intake = RecordIntake(options: options, host: host, state: state)
    intake.take(flagNames())
    while true {
      let commands = takeCommands()
      // Taken before the drain. The drain then reads every end that happened before the surveyor
      // thread's observations, so no request that had already ended appears in flight.
      let answers = takeAnswers()
      let now = MonotonicClock.now()
      let drained = drain(to: &intake, isComplete: !answers.records.isEmpty)
      take(answers, to: &intake)
      deliverLosses(&intake)
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
        // One drain is enough: the BPF programs continue to write, but only records written before
        // the stop matter.
        _ = drain(to: &intake, isComplete: true)
        // Two checks: a skipped program run counts as a loss only if a second check still finds it.
        checkLosses(&intake, at: MonotonicClock.now())
        checkLosses(&intake, at: MonotonicClock.now())
        deliverLosses(&intake, isLast: true)
        readCalls(&intake)
        intake.advance(to: MonotonicClock.now())
        publish(&intake)
        state.progress.advance()
        return
      }
      passOn(commands, intake.aggregator)
      for path in commands.dumps { dump(&intake, to: path) }
      if now >= nextSnapshot || commands.wantsRefresh {
        refreshStates(publish(&intake), at: now)
        nextSnapshot = now + commands.refreshInterval
      }
      let isFirst = sleep.sleep(
        after: drained, atMost: rest(isSilent: drained == 0), reader: reader)
      if isFirst { hastenSnapshot(interval: commands.refreshInterval) }
    }
  }

  /// Returns the nanoseconds until this thread has work even if nothing wakes it.
  private func rest(isSilent: Bool) -> UInt64 {
    let now = MonotonicClock.now()
    var time = nextSnapshot
    // While records arrive, the thread wakes soon anyway, and then checks for losses.
    if isSilent, let due = losses.dueTime { time = min(time, due) }
    if isSilent, suspectSearch.isPending(at: now) { time = min(time, suspectSearch.nextCheck) }
    return max(1, time.since(now))
  }

  /// Brings the next snapshot forward after the first record that follows a silence.
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

  /// Passes the user's commands that concern the surveyor thread to that thread.
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

  /// Asks for an inventory if the snapshot has requests whose state no record showed.
  private func refreshStates(_ snapshot: Snapshot, at time: UInt64) {
    guard options.refreshesStates, inventories > 0, refresh.isDue(snapshot, at: time) else {
      return
    }
    awaitsInventory = true
    state.mailbox.ask { $0.wantsInventory = true }
  }

  // MARK: Records

  /// Reads records from the record buffer and returns their size in bytes.
  ///
  /// - Parameter isComplete: true to read all records written before the call, after a short wait.
  ///   Otherwise the latest records stay in the buffer, because another processor may still be
  ///   writing records with earlier times.
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

  /// The kinds of record that cause work for the surveyor thread.
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

  /// Collects a user stack that appears for the first time. Its symbols must be looked up before
  /// the process exits.
  @inline(never)
  private func note(_ key: UserStackKey, _ stacks: inout [UserStackKey]) {
    if knownStacks.count >= LiveSession.mostStacks { knownStacks.removeAll() }
    if knownStacks.insert(key).inserted { stacks.append(key) }
  }

  /// Reads the remaining counts of system calls at the end of the session. During the session the
  /// surveyor thread reads them.
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

  /// True if the awaited inventory has arrived since the last call.
  private func hasAwaitedInventory(_ taken: Int) -> Bool {
    defer { inventories = taken }
    if taken > inventories { refresh.note(arrivedAt: MonotonicClock.now()) }
    guard awaitsInventory, taken > inventories else { return false }
    awaitsInventory = false
    return true
  }

  // MARK: Losses and unnoticed ends

  private func checkLosses(_ intake: inout RecordIntake, at time: UInt64) {
    let (records, isLosing) = losses.check(at: time, lostBySink: intake.takeLostBySink())
    if isLosing { suspectSearch.noteLoss() }
    pendingLosses.append(records)
    pendingTime = MonotonicClock.now()
    _ = drain(to: &intake, isComplete: true)
    deliverLosses(&intake)
  }

  /// Passes loss and count records to the aggregator once all earlier records have been read.
  ///
  /// - Parameter isLast: true at the end of the session. The records are then passed at once, even
  ///   if a BPF program is still writing an earlier record.
  private func deliverLosses(_ intake: inout RecordIntake, isLast: Bool = false) {
    guard !pendingLosses.isEmpty,
      isLast || reader.watermark >= pendingTime
    else { return }
    intake.take(pendingLosses)
    pendingLosses = RecordBuffer()
  }

  private func askAboutSuspects(_ aggregator: borrowing Aggregator, at time: UInt64) {
    guard time >= suspectSearch.nextCheck,
      !state.mailbox.answers.withLock({ $0.isWalking })
    else { return }
    let suspects = suspectSearch.suspects(in: aggregator, at: time)
    if !suspects.isEmpty { state.mailbox.ask(about: suspects) }
  }

  /// Waits for ends of requests that the kernel reports late. Otherwise a program that was watched
  /// until it exited would appear to have left requests in flight.
  ///
  /// Searches a last time for requests that ended without an event, and gives the kernel a moment
  /// to close the rings of exited processes.
  private func settle(_ intake: inout RecordIntake) {
    let start = MonotonicClock.now()
    var hasWaited = false
    while true {
      // `.max`: suspects of any age
      let suspects = intake.aggregator.suspects(at: .max, limit: SuspectSearch.limit)
      let owners = intake.aggregator.ownersOfRequestsInFlight
      // Waits at least once: /proc does not show at once that a process has been killed.
      let isEnding = !owners.isEmpty && (!hasWaited || owners.contains(where: Procfs.isEnding))
      // True if exiting processes still have open rings. Scans, requested below, detect the close:
      // two scans must miss a ring.
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
