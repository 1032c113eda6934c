/// Rings by the address of their `io_ring_ctx`: open rings and the last few closed ones.
struct RingTracker: ~Copyable {
  /// Maximum number of rings: more than any machine has. A damaged recording can name more. The
  /// events of the surplus rings are attributed to the newest ring.
  private static var mostRings: Int { 1 << 16 }

  private var rings = Pool<RingState>()
  /// All rings that are not forgotten, in the order of their ids.
  private var all = PoolList<RingState>()
  /// Rings by the address of their `io_ring_ctx`.
  private var contexts = AddressTable<RingState>()
  private var recent = RecentRing()
  private(set) var lastID: Ring.ID = 0

  /// Closed rings, oldest first.
  private var closed: [Handle<RingState>] = []
  private let closedLimit: Int

  /// Rings that may have changed in the running second or in the one before. Each tick samples only
  /// these rings, because on a machine with many rings most are quiet.
  private var active: [Handle<RingState>] = []
  private var lastTick: UInt64 = 0

  /// Rates over all rings, forgotten ones included.
  private var totalRates = RateHistory()
  /// Sum of the counters of inactive and forgotten rings.
  private var quietTotal = RateCounters()
  /// Request totals of forgotten rings. ``RequestTotals/endedUnseen`` is left out, and computed
  /// when it is needed, because `counts` records can arrive after a ring was forgotten.
  private var forgottenRequests = RequestTotals()

  /// The ring that was looked up last. Kept because consecutive records mostly concern the same
  /// ring.
  private struct RecentRing {
    var context: UInt64 = 0
    var handle = Handle<RingState>.none
    /// Pointer to the ring's state in the pool; nil while no ring is kept here.
    var state: UnsafeMutablePointer<RingState>?
  }

  /// - Parameter closedLimit: maximum number of closed rings kept.
  init(closedLimit: Int) {
    self.closedLimit = closedLimit
  }

  subscript(_ ring: Handle<RingState>) -> RingState {
    @inline(__always)
    _read { yield rings[ring] }
    @inline(__always)
    _modify {
      if !rings[ring].isTouched { touch(ring) }
      yield &rings[ring]
    }
  }

  /// Name of the process that owns a ring; empty if the ring is forgotten.
  func program(of handle: Handle<RingState>, id: Ring.ID) -> String {
    guard handle != .none, rings[unproven: handle].ring.id == id else { return "" }
    return rings[unproven: handle].ring.comm
  }

  // MARK: Finding

  /// The ring whose `io_ring_ctx` is at the address `context`, if it is the ring last looked up.
  /// The pointer is valid until a ring is added or forgotten.
  @inline(__always)
  func recent(
    _ context: UInt64
  ) -> (handle: Handle<RingState>, state: UnsafeMutablePointer<RingState>)? {
    guard context == recent.context, let state = recent.state else { return nil }
    return (recent.handle, state)
  }

  /// Makes a ring the one last looked up.
  mutating func setRecent(_ ring: Handle<RingState>, context: UInt64) {
    if !rings[ring].isTouched { touch(ring) }
    recent = RecentRing(context: context, handle: ring, state: rings.mutablePointer(to: ring))
  }

  func known(_ context: UInt64) -> Handle<RingState>? {
    guard let position = contexts.find(context) else { return nil }
    let handle = contexts[position].handle
    guard handle != .none, rings[unproven: handle].ring.address == context else { return nil }
    return handle
  }

  /// Adds the ring whose `io_ring_ctx` is at the address `context`. The caller must inform the
  /// other trackers.
  ///
  /// - Returns: the new ring; nil if there are too many rings. The caller then uses ``newest``.
  mutating func add(_ context: UInt64, time: UInt64) -> Handle<RingState>? {
    guard rings.count < Self.mostRings else { return nil }
    lastID += 1
    let new = Ring(id: lastID, address: context, time: time)
    let ring = rings.take(RingState(new))
    rings[ring] = RingState(new)
    rings[ring].rates = RateHistory(through: lastTick)
    touch(ring)
    all.append(ring, in: &rings)
    if contexts.isCrowded {
      contexts.removeDead(rings) { entry, rings in
        rings[unproven: entry.handle].ring.address == entry.address
      }
    }
    contexts[contexts.insert(context)].handle = ring
    recent = RecentRing()
    return ring
  }

  var newest: Handle<RingState> { all.last }

  /// True if the last ring whose `io_ring_ctx` was at the address `context` was forgotten. False
  /// also if that was so long ago that the table no longer has the address.
  func isForgotten(_ context: UInt64) -> Bool {
    contexts.find(context) != nil && known(context) == nil
  }

  /// The last closed ring whose `io_ring_ctx` was at the address `context`, and which was first
  /// seen before `time`; nil if there is none, or if it was forgotten.
  func earlier(_ context: UInt64, before time: UInt64) -> Handle<RingState>? {
    closed.last {
      rings[$0].ring.address == context && rings[$0].ring.firstTime < time
    }
  }

  /// Adds counts of a forgotten ring to the totals.
  mutating func addForgotten(_ counts: Ring.Counts) {
    quietTotal += RateCounters(counts)
    keepRequests(counts)
  }

  private mutating func keepRequests(_ counts: Ring.Counts) {
    forgottenRequests.add(counts)
    forgottenRequests.endedUnseen = 0
  }

  // MARK: Closing

  /// Marks a ring as closed. Returns the closed ring that must now be forgotten to make room; nil
  /// if there is none.
  mutating func close(_ ring: Handle<RingState>, time: UInt64) -> Handle<RingState>? {
    guard rings[ring].ring.closedTime == 0 else { return nil }
    rings[ring].ring.closedTime = max(time, 1)
    rings[ring].ring.endTasks()
    closed.append(ring)
    return closed.count > closedLimit ? closed.removeFirst() : nil
  }

  /// Marks a ring as open again, because requests still arrive on it.
  @inline(never)
  mutating func reopen(_ ring: Handle<RingState>) {
    rings[ring].ring.closedTime = 0
    closed.removeAll { $0 == ring }
  }

  /// Counts a request that is older than the observation. Called when the request is first seen.
  mutating func countFound(on ring: Handle<RingState>) {
    rings[ring].ring.counts.found &+= 1
    if rings[ring].ring.notListed > 0 { rings[ring].ring.notListed -= 1 }
  }

  /// Records the end of a request that was never seen.
  mutating func noteStranger(on ring: Handle<RingState>, endedAt time: UInt64) {
    rings[ring].strangers.note(time)
  }

  /// Counts a broken chain that has just been forgotten. Does nothing if its ring was forgotten,
  /// too; `ring` may then refer to a newer ring in the same slot.
  mutating func count(broken chain: Chain, of ring: Handle<RingState>) {
    guard ring != .none, rings[unproven: ring].ring.id == chain.ring else { return }
    rings[ring].ring.chainBreaks.count(chain)
  }

  mutating func forget(_ ring: Handle<RingState>) {
    quiet(ring)
    keepRequests(rings[ring].ring.counts)
    all.remove(ring, in: &rings)
    // Clears the slot, to free the memory of the forgotten ring's arrays.
    rings[ring] = RingState(Ring(id: 0, address: 0, time: 0))
    rings.give(back: ring)
    recent = RecentRing()
  }

  // MARK: Over all rings

  /// Calls `body` for each ring that is not forgotten, oldest first.
  func forEachRing(_ body: (Handle<RingState>, borrowing RingState) -> Void) {
    var ring = all.first
    while ring != .none {
      body(ring, rings[ring])
      ring = rings[ring].link.next
    }
  }

  var count: Int { Int(all.count) }

  /// Rings that are not forgotten, oldest first.
  var handles: [Handle<RingState>] {
    var handles: [Handle<RingState>] = []
    handles.reserveCapacity(count)
    forEachRing { handle, _ in handles.append(handle) }
    return handles
  }

  /// Open rings that are known only from events: no `create` or `ring_found` record has described
  /// them.
  var undescribed: [Handle<RingState>] {
    var handles: [Handle<RingState>] = []
    forEachRing { handle, ring in
      if !ring.ring.isClosed, ring.ring.sqEntries == 0 { handles.append(handle) }
    }
    return handles
  }

  /// Totals over all rings ever seen.
  var total: RateCounters {
    var sum = quietTotal
    for ring in active { sum += RateCounters(rings[ring].ring.counts) }
    return sum
  }

  /// Request totals over all rings ever seen.
  var requestTotals: RequestTotals {
    var sum = forgottenRequests
    sum.endedUnseen = sum.missing
    forEachRing { _, ring in sum.add(ring.counts) }
    sum.inFlight = UInt64(inFlightCount)
    sum.rings = UInt64(lastID)
    return sum
  }

  /// Number of requests in flight on all rings.
  var inFlightCount: Int {
    var count = 0
    forEachRing { _, ring in count += Int(ring.ring.inFlight) }
    return count
  }

  /// Starts the sampling of rates at a tick. No ring may have been added yet.
  mutating func start(at tick: UInt64) {
    lastTick = tick
    totalRates = RateHistory(through: tick)
  }

  /// The rings that may have changed in the running second.
  var changed: [Handle<RingState>] { active }

  /// Stores the counters as samples for all `ticks`. All these ticks have the same counters,
  /// because no record arrived between them.
  mutating func sample(at ticks: ClosedRange<UInt64>) {
    let sum = total
    totalRates.sample(sum, at: ticks)
    lastTick = ticks.upperBound
    let endsSecond = ticks.endedSecond != nil
    // In reverse, because the last ring takes the position of a ring that leaves the list.
    for index in active.indices.reversed() {
      let ring = active[index]
      let counters = RateCounters(rings[ring].ring.counts)
      rings[ring].rates.sample(counters, at: ticks)
      guard endsSecond else { continue }
      // The fast path changes the recent ring without calling ``touch(_:)``.
      if !rings[ring].isTouched, ring != recent.handle { quiet(ring) }
      rings[ring].isTouched = false
    }
  }

  /// Marks a ring as active before it changes.
  @inline(never)
  private mutating func touch(_ ring: Handle<RingState>) {
    rings[ring].isTouched = true
    guard rings[ring].activeIndex < 0 else { return }
    let counters = RateCounters(rings[ring].ring.counts)
    rings[ring].rates.fill(counters, through: lastTick)
    quietTotal -= counters
    rings[ring].activeIndex = Int32(active.count)
    active.append(ring)
  }

  /// Removes a ring from the list of active rings.
  private mutating func quiet(_ ring: Handle<RingState>) {
    let index = rings[ring].activeIndex
    guard index >= 0 else { return }
    quietTotal += RateCounters(rings[ring].ring.counts)
    rings[ring].activeIndex = -1
    rings[ring].isTouched = false
    let last = active.removeLast()
    guard last != ring else { return }
    active[Int(index)] = last
    rings[last].activeIndex = index
  }

  func rates(_ clock: RateClock) -> (lastSecond: Rates, lastMinute: Rates) {
    let sum = total
    return (totalRates.lastSecond(sum, clock: clock), totalRates.lastMinute(sum, clock: clock))
  }

  #if DEBUG
    /// Traps unless the list of rings, the table of contexts and the list of closed rings agree.
    func checkInvariants() {
      contexts.checkInvariants()
      all.checkInvariants(in: rings) { handle, ring in
        precondition(
          known(ring.ring.address) == handle || isReplaced(ring),
          "a ring cannot be found by its context address")
        precondition(
          (ring.ring.closedTime != 0) == closed.contains(handle), "a closed ring is on no list")
      }
      precondition(rings.count == Int(all.count), "a ring is on no list")
      for (index, ring) in active.enumerated() {
        precondition(rings.isLive(ring) && rings[ring].activeIndex == index, "wrong active ring")
      }
      precondition(closed.count <= max(closedLimit, 0), "too many closed rings are kept")
      precondition(
        recent.state == nil || rings.isLive(recent.handle), "the cached recent ring was forgotten")
    }

    /// True if a newer ring has its `io_ring_ctx` at the same address.
    private func isReplaced(_ ring: borrowing RingState) -> Bool {
      guard let other = known(ring.ring.address) else { return false }
      return rings[other].ring.id > ring.ring.id && ring.ring.closedTime != 0
    }
  #endif
}
