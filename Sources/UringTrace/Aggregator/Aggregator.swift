import CRecord
import UringRecords

/// Rebuilds rings, requests and chains from the stream of records.
///
/// Routes each record to the trackers that own the state: the handler of a record kind bears its name, calls the
/// trackers in turn, and fills in the record's event. It passes each tracker the state of other trackers that it
/// needs.
///
/// Pure: no clock, no I/O. The same records give the same snapshot, live or replayed. Memory is bounded by the
/// requests in flight and by ``Limits``.
public struct Aggregator: ~Copyable, RecordHandler {
  /// Limits of the history that is kept.
  public struct Limits: Sendable {
    /// Ended requests kept; the same number of ended groups is kept.
    public var history: Int = 10_000
    /// Events kept for the log.
    public var events: Int = 2_000
    /// Closed rings kept.
    public var closedRings: Int = 64
    /// Roles for which counts are kept (``Snapshot/roles``); 0 keeps none, at no cost.
    public var roles: Int = 0

    public init() {}
  }

  let host: HostDescription
  let layouts = RecordLayoutTable()
  let traits = OpcodeTraitTable()
  var clock: RateClock
  var stream = StreamCounts()
  /// Start of the last look at all rings; 0 before the first.
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

  /// Requests that have left the history since they were last taken; nil unless they are kept.
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

  /// The event of the last consumed record; nil if the record was invalid or is not an event of a request.
  public var lastEvent: Event? { events.lastRecordsEvent }

  /// Consumes one record. The pointer must reach the whole record, `size` bytes, and be valid during the call.
  ///
  /// A record that is too short for its kind, or of an unknown kind, is skipped and counted.
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

  /// Consumes whole, consecutive records that stay at their addresses until ``completeEvents()`` is called.
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

  /// Builds the events of records given to ``consume(kept:)``, which may be overwritten afterwards.
  public mutating func completeEvents() { events.complete() }

  /// - Parameter isKept: true if the record stays at its address until ``EventLog/complete()`` is called.
  @inline(__always)
  private mutating func take(_ record: UnsafePointer<record>, isKept: Bool) {
    switch record.pointee.kind {
    case .submit: if submitPlain(record.body(), isKept: isKept) { return }
    case .complete: if completePlain(record.body(), isKept: isKept) { return }
    default: break
    }
    consumeAny(record)
  }

  /// Consumes a record of any kind, on the long path.
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

  /// Whether a record reports only what earlier records have reported.
  private func isRepetition(_ kind: RecordKind, _ event: Event) -> Bool {
    switch kind {
    // A request that io-wq ran passes the flush after it has posted its CQE.
    case .skip: event.request == 0
    // The probe repeats the report of a closed ring, because a late record voids the first one.
    case .ringClosed: event.ring == 0
    default: false
    }
  }

  /// Advances the time without a record (live): rates and ages depend on it.
  @inline(__always)
  public mutating func advance(to time: UInt64) {
    if time >= clock.nextTick {
      passTicks(until: time)
    } else {
      clock.advance(within: time)
    }
  }

  /// Advances the clock to the last record of the short path, which does not advance it.
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
