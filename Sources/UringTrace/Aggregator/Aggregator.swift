import CRecord
import UringRecords

/// Rebuilds rings, requests and chains from the stream of records.
///
/// Each record kind has one handler method, named after the kind. The handler calls each tracker
/// whose state the record changes, and fills in the record's ``Event``. If a tracker needs the
/// state of another tracker, the handler passes that state in.
///
/// Pure: no clock, no I/O. The same records give the same snapshot, live or replayed. Memory is
/// bounded by the requests in flight and by ``Limits``.
public struct Aggregator: ~Copyable, RecordHandler {
  /// Limits on the history that the aggregator keeps.
  public struct Limits: Sendable {
    /// Maximum number of ended requests to keep. Applies separately to ended request groups
    /// (``RequestGroup``).
    public var history: Int = 10_000
    /// Maximum number of events in the log (``Snapshot/events``).
    public var events: Int = 2_000
    /// Maximum number of closed rings to keep.
    public var closedRings: Int = 64
    /// Maximum number of roles with counts (``Snapshot/roles``). A role is a combination of process
    /// name, cgroup and opcode. 0 disables counting by role, which then costs nothing.
    public var roles: Int = 0

    public init() {}
  }

  let host: HostDescription
  let layouts = RecordLayoutTable()
  let traits = OpcodeTraitTable()
  var clock: RateClock
  var stream = StreamCounts()
  /// Start time of the last scan of all rings (`ring_scan` record); 0 before the first scan.
  var lastScan: UInt64 = 0

  var requests: RequestTracker
  var rings: RingTracker
  var chains = ChainTracker()
  var lending: LendingTracker
  var ublk = UblkTracker()
  var fuse = FuseTracker()
  var statistics = StatisticsTracker()
  var roles: RoleTracker
  var inventory = InventoryTracker()
  var waits = WaitTracker()
  var calls = CallTracker()
  var names = NameTracker()
  var memory = MemoryTracker()

  /// Requests that have left the history since the last ``takeDepartures()``; nil unless
  /// ``keepDepartures()`` was called.
  var departed: [Departures.Departed]?

  var events: EventLog
  var walks = WalkBudget()

  struct StreamCounts {
    var records: UInt64 = 0
    var damaged: UInt64 = 0
    var lost = LossCounts()
    /// True if some requests have no submission record, or no records at all.
    var countsUnrecorded = false
  }

  public init(host: HostDescription, limits: Limits = Limits()) {
    self.host = host
    clock = RateClock(start: host.startTime)
    requests = RequestTracker(history: limits.history)
    rings = RingTracker(closedLimit: limits.closedRings)
    rings.start(at: clock.tick)
    lending = LendingTracker(history: limits.history)
    roles = RoleTracker(limit: limits.roles)
    events = EventLog(capacity: limits.events)
  }

  /// The event of the last consumed record; nil if the record was invalid or is not an event of a
  /// request.
  public var lastEvent: Event? { events.lastRecordsEvent }

  /// Consumes one record. All `size` bytes of the record must be readable during the call.
  ///
  /// Skips a record that is too short for its kind or of an unknown kind, and counts it as damaged.
  public mutating func consume(_ record: UnsafePointer<record>) {
    stream.records &+= 1
    if roles.isOn { return takeCounting(record, isKept: false) }
    take(record, isKept: false)
  }

  /// Consumes whole, consecutive records.
  public mutating func consume(contentsOf records: UnsafeRawBufferPointer) {
    consume(kept: records)
    events.complete()
  }

  /// Consumes whole, consecutive records. Their memory must stay unchanged until
  /// ``completeEvents()`` is called.
  public mutating func consume(kept records: UnsafeRawBufferPointer) {
    if roles.isOn { return consumeCounting(records) }
    guard var next = records.baseAddress else { return }
    let end = next + records.count
    var count: UInt64 = 0
    while next < end {
      let record = next.assumingMemoryBound(to: record.self)
      take(record, isKept: true)
      next += Int(record.pointee.size)
      count &+= 1
    }
    stream.records &+= count
  }

  /// Builds the log's events from the records that ``consume(kept:)`` has consumed. The records may
  /// be overwritten afterwards.
  public mutating func completeEvents() { events.complete() }

  /// - Parameter isKept: true if the record stays at its address until ``EventLog/complete()`` is
  ///   called.
  @inline(__always)
  private mutating func take(_ record: UnsafePointer<record>, isKept: Bool) {
    switch record.pointee.kind {
    case .submit: if submitPlain(record.body(), isKept: isKept) { return }
    case .complete: if completePlain(record.body(), isKept: isKept) { return }
    default: break
    }
    consumeAny(record)
  }

  /// Consumes a record of any kind on the general path. Aggregator+Plain.swift has the fast path
  /// for the two most frequent kinds.
  @inline(never)
  mutating func consumeAny(_ record: UnsafePointer<record>) {
    let (isSound, isLogged) = layouts.check(record)
    guard isSound else {
      events.noteNone()
      stream.damaged &+= 1
      return
    }
    advance(to: record.pointee.time_ns)
    var event = Event(unnamed: record)
    dispatch(record, &event)
    if isRepetition(record.pointee.kind, event) { return events.noteNone() }
    if isLogged { events.append(event) } else { events.setUnlogged(event) }
  }

  /// Returns true if a record only repeats what an earlier record has reported.
  private func isRepetition(_ kind: RecordKind, _ event: Event) -> Bool {
    switch kind {
    // No request at the record's address is in flight: an io-wq worker has already posted the CQE.
    // The `skip` record comes from the later call of __io_submit_flush_completions().
    case .skip: event.request == 0
    // The probe writes `ring_closed` more than once, because a record about the ring that arrives
    // late voids the first `ring_closed`.
    case .ringClosed: event.ring == 0
    default: false
    }
  }

  /// Advances the clock, on which rates and ages depend. Live sources call this even if no record
  /// arrives.
  @inline(__always)
  public mutating func advance(to time: UInt64) {
    if time >= clock.nextTick {
      passTicks(until: time)
    } else {
      clock.advance(within: time)
    }
  }

  /// Advances the clock to the time of the newest record. Needed because the fast path
  /// (Aggregator+Plain.swift) does not advance the clock.
  mutating func catchUp() {
    var last: UInt64 = 0
    let limit = clock.nextTick
    rings.forEachRing { _, ring in if ring.lastTime < limit { last = max(last, ring.lastTime) } }
    clock.advance(within: last)
  }

  @inline(never)
  private mutating func passTicks(until time: UInt64) {
    if let ticks = clock.advance(over: time) {
      if let second = ticks.endedSecond {
        for ring in rings.changed { statistics.endSecond(of: ring, start: second) }
      }
      rings.sample(at: ticks)
    } else if rings.lastID == 0 {
      rings.start(at: clock.tick)
    }
  }
}
