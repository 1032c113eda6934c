import CBPF
import CRecord
import Glibc
import UringRecords
import UringTrace

/// The session's thread: drains the ring buffer every few milliseconds into the aggregator, the tail
/// and the sink, and makes snapshots.
final class SessionLoop: @unchecked Sendable {
  let state: SessionState
  let host: HostDescription
  let capture: SharedCapture
  private let flush: SharedFlush
  private let options: LiveSession.Options
  private let flagBits: [String: UInt32]

  // Everything below is the thread's own.
  private var sink: (any RecordSink)?
  private var lostSoFar: UInt64 = 0
  private var missedSoFar: UInt64 = 0
  private var pacing: DrainPacing
  private var nextSnapshot: UInt64 = 0
  private var nextLossCheck: UInt64 = 0
  private var mayHaveLost = false
  private var tallies: TallyReader
  /// Checks in a row that found a loss.
  private var lossStreak = 0
  private var nextSuspectCheck: UInt64 = 0
  private var knownStacks: Set<UserStackKey> = []
  /// What the next inventory finds is not to wait for the next snapshot's time: the first, and those that
  /// were asked for.
  private var awaitsInventory = true
  private var inventories = 0
  private var suspectPause = SessionLoop.shortestSuspectPause

  private static let lossCheckInterval: UInt64 = 100_000_000
  /// Two seconds of checks.
  private static let lastingLoss = 20
  private static let shortestSuspectPause: UInt64 = 50_000_000
  private static let longestSuspectPause: UInt64 = 2_000_000_000
  private static let settlePatience: UInt64 = 500_000_000
  /// A busy kernel ends the rings of a process that is gone late.
  private static let endingPatience: UInt64 = 3_000_000_000
  /// Microseconds. A ring is thought gone when two walks in a row miss it.
  private static let settlePause: UInt32 = 50_000
  /// Suspects in one walk: a quarter of the table.
  private static let suspectLimit = 1 << 14

  init(
    options: LiveSession.Options, host: HostDescription, state: SessionState,
    capture: SharedCapture, flush: SharedFlush, flagBits: [String: UInt32]
  ) throws(ProbeError) {
    tallies = try TallyReader(capture: capture.object)
    self.options = options
    self.host = host
    self.state = state
    self.capture = capture
    self.flush = flush
    self.flagBits = flagBits
    sink = options.sink
    pacing = DrainPacing(ringBufferSize: options.ringBufferSize)
  }

  func run() {
    // It works little but must not wait long: the ring buffer lasts some 25 ms.
    cbpf_prefer_thread()
    var aggregator = Aggregator(host: host, limits: options.limits)
    // without a dump the tail only collects what the sink gets next, and stays in the cache
    var tail =
      options.dumpWriter == nil
      ? RecordTail(chunkSize: 1 << 17, chunkCount: 2)
      : RecordTail(chunkSize: 1 << 20, chunkCount: max(2, options.tailSize >> 20))
    let keepsTail = sink != nil || options.dumpWriter != nil

    feed(flagNames(), to: &aggregator, &tail)
    while true {
      let commands = state.commands.withLock { commands in
        defer {
          commands.wantsRefresh = false
          commands.wantsInventory = false
          commands.inspections = []
          commands.dumps = []
        }
        return commands
      }
      // Before the drain: what the surveyor saw happened before what is drained now ended.
      let (answers, notices, taken) = takeAnswers()
      let now = MonotonicClock.now()
      let drained = drain(to: &aggregator, &tail, keepsTail: keepsTail)
      feed(answers, to: &aggregator, &tail)
      for notice in notices { state.notify(notice) }
      if hasAwaitedInventory(taken) { nextSnapshot = now }
      // nothing is lost where nothing is written
      if drained > 0 { mayHaveLost = true }
      if mayHaveLost && now >= nextLossCheck || pacing.isBehind(drained) {
        checkLoss(&aggregator, &tail, at: now)
      }
      handOver(&tail)
      aggregator.advance(to: now)
      askAboutSuspects(aggregator, at: now)

      if commands.isStopping {
        settle(&aggregator, &tail, keepsTail: keepsTail)
        // The programs go on writing: what was there when the stop came is enough.
        _ = drain(to: &aggregator, &tail, keepsTail: keepsTail)
        checkLoss(&aggregator, &tail, at: MonotonicClock.now())
        handOver(&tail)
        publish(&aggregator)
        return
      }
      if commands.wantsInventory || !commands.inspections.isEmpty {
        let requests = commands.inspections.compactMap { aggregator.kernelAddress(of: $0) }
        state.mailbox.requests.withLock {
          if commands.wantsInventory {
            $0.wantsInventory = true
            awaitsInventory = true
          }
          $0.inspections += requests
        }
        state.mailbox.wake.signal()
      }
      for path in commands.dumps { dump(tail, &aggregator, to: path) }
      if now >= nextSnapshot || commands.wantsRefresh {
        publish(&aggregator)
        nextSnapshot = now + commands.refreshInterval
      }
      state.wake.wait(
        nanoseconds: min(
          pacing.pause(after: drained), max(1, nextSnapshot &- min(now, nextSnapshot)))
      )
    }
  }

  // MARK: Records

  private func drain(
    to aggregator: inout Aggregator, _ tail: inout RecordTail, keepsTail: Bool
  ) -> Int {
    var created: [(ring: UInt64, time: UInt64)] = []
    var stacks: [UserStackKey] = []
    let bytes = capture.object.reader.drain(limit: options.ringBufferSize) { record in
      aggregator.consume(record)
      if keepsTail { append(record, to: &tail) }
      if record.pointee.kind == .create {
        created.append((record.pointee.ctx, record.pointee.time_ns))
      } else if record.pointee.kind == .submitStack {
        note(UnsafeRawPointer(record).load(as: record_submit_stack.self), &stacks)
      }
    }
    if !stacks.isEmpty {
      state.mailbox.requests.withLock { $0.stacks += stacks }
      state.mailbox.wake.signal()
    }
    if !created.isEmpty {
      state.mailbox.requests.withLock { $0.created += created }
      state.mailbox.wake.signal()
    }
    return bytes
  }

  /// A stack that is met for the first time is to get names while its process lives.
  @inline(never)
  private func note(_ record: record_submit_stack, _ stacks: inout [UserStackKey]) {
    let key = UserStackKey(tgid: record.tgid, stack: record.stack)
    if knownStacks.count >= LiveSession.mostStacks { knownStacks.removeAll() }
    if knownStacks.insert(key).inserted { stacks.append(key) }
  }

  /// Records of uringtop's own.
  private func feed(
    _ records: RecordBuffer, to aggregator: inout Aggregator, _ tail: inout RecordTail
  ) {
    records.withEachRecord { record in
      aggregator.consume(record)
      append(record, to: &tail)
      if record.pointee.kind == .freed { suspectPause = Self.shortestSuspectPause }
    }
  }

  @inline(__always)
  private func append(_ record: UnsafePointer<record>, to tail: inout RecordTail) {
    guard !tail.append(record) else { return }
    handOver(&tail)
    tail.advance()
    _ = tail.append(record)
  }

  @inline(never)
  private func handOver(_ tail: inout RecordTail) {
    let records = tail.takeNew()
    guard let sink, !records.isEmpty else { return }
    do {
      try sink.consume(records)
    } catch {
      self.sink = nil
      state.published.withLock { published in
        published.sinkError = error
        published.notices.append(Notice("\(error)", isError: true))
      }
    }
  }

  /// The functions that are watched and the names of the request flags, which a recording needs as
  /// well.
  private func flagNames() -> RecordBuffer {
    var records = RecordBuffer()
    for function in flush.watched {
      records.append(record_symbol.self, at: host.startTime) {
        $0.address = UInt64(function.rawValue)
      }
    }
    for (name, bit) in flagBits.sorted(by: { $0.value < $1.value }) {
      records.append(record_flag_name.self, at: host.startTime) {
        $0.bit = bit
        copyText(name.utf8, into: &$0.name)
      }
    }
    return records
  }

  // MARK: What the records do not tell

  /// Records and notices, and how many inventories there have been.
  private func takeAnswers() -> (RecordBuffer, [Notice], Int) {
    state.mailbox.answers.withLock { answers in
      defer {
        answers.records = RecordBuffer()
        answers.notices = []
      }
      return (answers.records, answers.notices, answers.inventories)
    }
  }

  /// Whether one that was waited for is among what was taken up to now.
  private func hasAwaitedInventory(_ taken: Int) -> Bool {
    defer { inventories = taken }
    guard awaitsInventory, taken > inventories else { return false }
    awaitsInventory = false
    return true
  }

  private func checkLoss(
    _ aggregator: inout Aggregator, _ tail: inout RecordTail, at time: UInt64
  ) {
    nextLossCheck = time + Self.lossCheckInterval
    mayHaveLost = false
    var records = RecordBuffer()
    let lost = capture.object.lostRecords()
    if lost > lostSoFar {
      records.append(record_lost.self, at: time) {
        $0.count = lost - lostSoFar
        $0.cause = .ringBufferFull
      }
      lostSoFar = lost
    }
    let missed = capture.object.missedRuns() + flush.missedRuns()
    if missed > missedSoFar {
      records.append(record_lost.self, at: time) {
        $0.count = missed - missedSoFar
        $0.cause = .notRun
      }
      missedSoFar = missed
    }
    if let stalled = sink?.takeLostCount(), stalled > 0 {
      records.append(record_lost.self, at: time) {
        $0.count = stalled
        $0.cause = .outputStalled
      }
    }
    warnOfLoss(!records.isEmpty)
    if !records.isEmpty {
      suspectPause = Self.shortestSuspectPause
      nextSuspectCheck = 0
    }
    // What was lost has been counted meanwhile.
    var counts = RecordBuffer()
    tallies.read(into: &counts, at: time)
    records.append(counts)
    if !records.isEmpty { feed(records, to: &aggregator, &tail) }
  }

  /// Says what helps when a loss lasts.
  private func warnOfLoss(_ isLosing: Bool) {
    lossStreak = isLosing ? lossStreak + 1 : 0
    guard lossStreak >= Self.lastingLoss else { return }
    lossStreak = -10 * Self.lastingLoss
    state.notify(
      Notice(
        "records are being lost: counts are exact, single requests are missing. "
          + "--pid, --op or --sample 1/10 makes fewer",
        isError: true))
  }

  /// Has the surveyor look for requests that may have ended unnoticed. One that hangs for good is
  /// looked for less and less often.
  private func askAboutSuspects(_ aggregator: borrowing Aggregator, at time: UInt64) {
    guard time >= nextSuspectCheck else { return }
    guard !state.mailbox.answers.withLock({ $0.isWalking }) else { return }
    let suspects = aggregator.suspects(at: time, limit: Self.suspectLimit)
    // with very many in flight, looking through them must stay cheap
    let cost = MonotonicClock.now() &- time
    nextSuspectCheck = time + max(suspectPause, cost * 100)
    guard !suspects.isEmpty else { return }
    suspectPause = min(suspectPause * 2, Self.longestSuspectPause)
    ask(about: suspects)
  }

  private func ask(about suspects: [SuspectRequest]) {
    state.mailbox.answers.withLock { $0.isWalking = true }
    state.mailbox.requests.withLock { $0.suspects = suspects }
    state.mailbox.wake.signal()
  }

  /// A program that was watched to its end must not seem to have left requests in flight: those that
  /// end without an event get a last chance to be found out, and the kernel a moment to end the rings
  /// of processes that are gone.
  private func settle(
    _ aggregator: inout Aggregator, _ tail: inout RecordTail, keepsTail: Bool
  ) {
    let start = MonotonicClock.now()
    var hasWaited = false
    while true {
      // whatever their age
      let suspects = aggregator.suspects(at: .max, limit: Self.suspectLimit)
      let owners = aggregator.ownersOfRequestsInFlight
      // one that was just killed needs a moment before it shows
      let isEnding = !owners.isEmpty && (!hasWaited || owners.contains(where: Procfs.isEnding))
      if suspects.isEmpty, !isEnding { return }
      let patience = isEnding ? Self.endingPatience : Self.settlePatience
      if MonotonicClock.now() - start > patience { return }
      hasWaited = true
      if !suspects.isEmpty, !state.mailbox.answers.withLock({ $0.isWalking }) {
        ask(about: suspects)
      }
      usleep(Self.settlePause)
      let (answers, notices, _) = takeAnswers()
      _ = drain(to: &aggregator, &tail, keepsTail: keepsTail)
      feed(answers, to: &aggregator, &tail)
      for notice in notices { state.notify(notice) }
    }
  }

  /// Names for what is on the screen: requests in flight and those that just ended.
  private func askForNames(_ snapshot: Snapshot) {
    var addresses: [Ring.ID: UInt64] = [:]
    for ring in snapshot.rings { addresses[ring.id] = ring.address }
    var seen: Set<NameResolver.Subject> = []
    var subjects: [NameResolver.Subject] = []
    func ask(_ subject: NameResolver.Subject) {
      if seen.insert(subject).inserted { subjects.append(subject) }
    }
    func ask(about request: Request) {
      switch request.file {
      case .descriptor(let fd)? where fd >= 0 && request.submitterTgid != 0:
        ask(.descriptor(tgid: request.submitterTgid, fd: fd))
      case .fixed(let index)?:
        if let ring = addresses[request.ring] { ask(.fixed(ring: ring, index: index)) }
      default: break
      }
      if request.submitterTid != 0 {
        ask(.thread(tid: request.submitterTid, tgid: request.submitterTgid))
      }
    }
    for request in snapshot.requests.prefix(1024) { ask(about: request) }
    for request in snapshot.recent.prefix(256) { ask(about: request) }
    guard !subjects.isEmpty else { return }
    state.mailbox.requests.withLock { $0.names = subjects }
    state.mailbox.wake.signal()
  }

  // MARK: Output

  private func publish(_ aggregator: inout Aggregator) {
    let snapshot = aggregator.snapshot()
    state.published.withLock { $0.snapshot = snapshot }
    askForNames(snapshot)
  }

  /// Writes what the tail holds, on a thread of its own: reading goes on.
  private func dump(_ tail: borrowing RecordTail, _ aggregator: inout Aggregator, to path: String) {
    guard let write = options.dumpWriter else {
      state.notify(Notice("there is nothing to dump", isError: true))
      return
    }
    var prelude = flagNames()
    prelude.append(ringRecords(aggregator.snapshot()))
    let records = prelude.bytes + tail.copy()
    let (state, host) = (state, host)
    let writer = try? WorkerThread("dump", orThrow: ProbeError.thread) {
      do {
        try write(records, host, path)
        state.notify(Notice("trace written to \(path)"))
      } catch {
        state.notify(Notice("\(error)", isError: true))
      }
    }
    if let writer {
      writer.detach()
    } else {
      state.notify(Notice("cannot start a thread to write \(path)", isError: true))
    }
  }

  /// The rings as they are: what told of them may not be in the tail any more.
  private func ringRecords(_ snapshot: Snapshot) -> RecordBuffer {
    var records = RecordBuffer()
    for ring in snapshot.rings where !ring.isClosed {
      records.append(record_ring_found.self, at: host.startTime, ring: ring.address) {
        $0.tgid = ring.ownerTgid
        $0.sq_entries = ring.sqEntries
        $0.cq_entries = ring.cqEntries
        $0.flags = ring.setupFlags.rawValue
        $0.sq_thread_tid = ring.sqThreadTid
        $0.nr_files = ring.registeredFiles
        $0.nr_bufs = ring.registeredBuffers
        copyText(ring.comm.utf8, into: &$0.comm)
      }
      for descriptor in ring.descriptors {
        records.append(record_ring_fd.self, at: host.startTime, ring: ring.address) {
          $0.tgid = descriptor.tgid
          $0.fd = descriptor.fd
        }
      }
    }
    return records
  }
}

/// How long to sleep between two drains: the ring buffer must never fill, and idle must cost nothing.
///
/// At the highest rate of one core (3 million NOPs a second, 160 bytes each) 8 MiB last 16 ms, so even
/// an idle reader must not sleep longer than a fraction of that. A larger buffer is for a reader that is kept
/// from running: what is read soon is still in the processor's cache.
struct DrainPacing {
  private let ringBufferSize: Int
  private var interval: UInt64 = 5_000_000

  private static let shortest: UInt64 = 1_000_000
  private static let longest: UInt64 = 10_000_000

  private static let largestAim = 8 << 20

  init(ringBufferSize: Int) { self.ringBufferSize = ringBufferSize }

  /// Half of the buffer was full: some may have been lost.
  func isBehind(_ drained: Int) -> Bool { drained >= ringBufferSize / 2 }

  /// Nanoseconds to sleep: aims at an eighth to a quarter of the buffer, or of its first 8 MiB, at each drain.
  mutating func pause(after drained: Int) -> UInt64 {
    let aim = min(ringBufferSize, Self.largestAim)
    if drained > aim / 4 {
      interval = max(Self.shortest, interval / 2)
    } else if drained < aim / 8 {
      interval = min(Self.longest, interval + interval / 4)
    }
    return drained > ringBufferSize / 2 ? 1 : interval
  }
}
