import CRecord
import UringRecords

/// Rebuilds rings, requests and chains from the stream of records.
///
/// Pure: no clock, no I/O. The same records give the same snapshot, live or replayed. Memory is bounded
/// by what is in flight and by ``Limits``.
public struct Aggregator: ~Copyable {
  /// Limits of what is kept.
  public struct Limits: Sendable {
    /// Ended requests kept, and as many ended groups.
    public var history: Int = 10_000
    /// Events kept for the log.
    public var events: Int = 2_000
    /// Closed rings kept.
    public var closedRings: Int = 64

    public init() {}
  }

  let host: HostDescription
  let limits: Limits

  let layouts = RecordLayoutTable()
  let traits = OpcodeTraitTable()
  var clock: RateClock
  var recordCount: UInt64 = 0
  var damagedRecordCount: UInt64 = 0
  var lost = LossCounts()
  /// Time of the last ``RecordKind/lost``: what was last heard of before may have ended since.
  var lossTime: UInt64 = 0

  // Requests: see Aggregator+Slots.swift.
  var slots = Pool<RequestSlot>()
  var links = SlotLinks()
  /// From `io_kiocb` to slot; marked ``EntryMark/notification`` where it is that of a notification.
  var addresses = AddressTable()
  var userData = UserDataIndex()
  var history: History
  var lastRequestID: Request.ID = 0

  /// Groups and buffers: see Groups.
  var tables: GroupTables
  /// The buffer that `io_free_rsrc_node` was seen to give back last.
  var lastReleased: (group: UInt32, id: RequestGroup.ID, priv: UInt64, tid: UInt32)?

  var chains = Pool<ChainState>()
  var lastChainID: Chain.ID = 0

  // Rings: see Aggregator+Rings.swift.
  var rings = Pool<RingState>()
  /// From `io_ring_ctx` to ring.
  var contexts = AddressTable()
  /// The ring that was asked for last: records of one ring come in runs.
  var lastContext: UInt64 = noContext
  var lastRing: UInt32 = noIndex
  /// The same ring in the pool; moves only with ``lastContext``.
  var lastRingState: UnsafeMutablePointer<RingState>
  var lastRingID: Ring.ID = 0
  /// Oldest first.
  var closedRings: [UInt32] = []
  var statistics = Pool<OpcodeStatistics>()

  /// Over all rings, those forgotten included.
  var totalRates = RateHistory()
  var forgottenTotal = RateCounters()

  var events: EventLog
  var lastRecordWasSound = false
  var lastEventIsLogged = false

  var requestFlagNames: [String] = []
  var fileNames = FileNames()
  var taskNames: [UInt32: String] = [:]

  // What walks over the kernel's structures found: see Aggregator+Inventory.swift.
  var kernelStacks: [UInt32: KernelStack] = [:]
  var fileStates: [Request.ID: FileState] = [:]
  /// Of the last walk over the devices' tags.
  var diskRequests: [DiskRequest] = []
  var ublkSlots: [Request.ID: UblkSlot] = [:]
  var userStacks: [UserStackKey: [String]] = [:]
  /// A request older than the observation was found.
  var hasFound = false
  var strangeEnds = StrangeEnds()
  /// When addresses that were heard of were last forgotten.
  var forgottenTime: UInt64 = 0

  public init(host: HostDescription, limits: Limits = Limits()) {
    self.host = host
    self.limits = limits
    clock = RateClock(start: host.startTime)
    lastRingState = rings.mutablePointer(to: 0)
    history = History(limit: limits.history)
    tables = GroupTables(history: limits.history)
    events = EventLog(capacity: limits.events)
  }

  /// What the last consumed record meant, nil if it made no sense.
  public var lastEvent: Event? {
    guard lastRecordWasSound else { return nil }
    return lastEventIsLogged ? events.last : events.current
  }

  /// Takes one record. The pointer is to the whole record, `size` bytes, and valid during the call.
  ///
  /// A record that is too short for its kind, or of no known kind, is skipped and counted.
  public mutating func consume(_ record: UnsafePointer<record>) {
    recordCount &+= 1
    take(record, isKept: false)
  }

  /// Takes whole records that lie one after the other.
  public mutating func consume(contentsOf records: UnsafeRawBufferPointer) {
    guard var next = records.baseAddress else { return }
    let end = next + records.count
    var count: UInt64 = 0
    while next < end {
      let record = next.assumingMemoryBound(to: record.self)
      take(record, isKept: true)
      next += Int(record.pointee.size)
      count &+= 1
    }
    recordCount &+= count
    events.complete()
  }

  /// - Parameter isKept: whether the record stays where it is until ``EventLog/complete()`` is called.
  @inline(__always)
  private mutating func take(_ record: UnsafePointer<record>, isKept: Bool) {
    switch record.pointee.kind {
    case .submit: if submitPlain(record.body(), isKept: isKept) { return }
    case .complete: if completePlain(record.body(), isKept: isKept) { return }
    default: break
    }
    consumeAny(record)
  }

  /// Any record, in full.
  @inline(never)
  mutating func consumeAny(_ record: UnsafePointer<record>) {
    let (isSound, isLogged) = layouts.check(record)
    lastRecordWasSound = isSound
    guard isSound else {
      lastEventIsLogged = false
      damagedRecordCount &+= 1
      return
    }
    advance(to: record.pointee.time_ns)
    events.current = Event(
      time: record.pointee.time_ns, request: 0, ring: 0, kind: record.pointee.kind,
      opcode: Opcode(rawValue: record.pointee.opcode), userData: 0, value: 0,
      tid: record.pointee.tid, flags: 0)
    var event = events.current
    dispatch(record, &event)
    lastEventIsLogged = isLogged
    if isLogged { events.commit() }
  }

  /// Moves time on where no record does (live): rates and ages depend on it.
  @inline(__always)
  public mutating func advance(to time: UInt64) {
    if time >= clock.nextTick {
      passTicks(until: time)
    } else {
      clock.advance(within: time)
    }
  }

  /// Brings the clock up to what the short way took without telling it.
  mutating func catchUp() {
    for index in 0..<rings.end where rings[index].lastTime < clock.nextTick {
      clock.advance(within: rings[index].lastTime)
    }
  }

  @inline(never)
  private mutating func passTicks(until time: UInt64) {
    guard let ticks = clock.advance(over: time) else { return }
    var total = forgottenTotal
    for index in 0..<rings.end where !rings[index].isGone {
      let counters = RateCounters(rings[index].ring.counts)
      total += counters
      for tick in ticks { rings[index].rates.sample(counters, at: tick) }
    }
    for tick in ticks { totalRates.sample(total, at: tick) }
  }
}
