import CRecord

/// Requests in flight, found by the address of their `io_kiocb` or by `user_data`, and the history
/// of ended requests.
struct RequestTracker: ~Copyable {
  // Not private, because extensions of this type in other files use these properties.
  var slots = Pool<RequestSlot>()
  var extras = Pool<Request.Extra>()
  var sightings = Sightings()
  var links = SlotLinks()
  /// Requests by the address of their `io_kiocb`.
  var addresses = AddressTable<RequestSlot>()
  var userData = UserDataIndex()
  var history: History<PastRequest>
  var lastID: Request.ID = 0

  /// Time of the last ``RecordKind/lost`` record; 0 if there was none. A request whose last record
  /// is older may have ended since.
  private(set) var lossTime: UInt64 = 0
  private var unseenOverflows = UnseenOverflows()
  /// Time at which the addresses of ended requests were last removed from ``addresses``.
  private var forgottenTime: UInt64 = 0
  /// True if a request older than the observation was found.
  var hasFound = false

  init(history limit: Int) {
    history = History(limit: limit)
  }

  subscript(_ slot: Handle<RequestSlot>) -> RequestSlot {
    @inline(__always)
    _read { yield slots[slot] }
    @inline(__always)
    _modify { yield &slots[slot] }
  }

  var entryCount: Int { slots.count }

  // MARK: Finding

  @inline(__always)
  func occupant(of address: UInt64) -> Occupant {
    guard let position = addresses.find(address) else { return .none }
    let entry = addresses[position]
    guard isLive(entry) else {
      return .ended(entry.element, isRequest: entry.mark != .notification)
    }
    return entry.mark == .object ? .request(entry.handle) : .notification(entry.handle)
  }

  /// True if the request of an entry is still in flight at the entry's address.
  ///
  /// A zero-copy send has its own `io_kiocb` only until it posts its result. Afterwards only the
  /// notification's `io_kiocb` exists.
  @inline(__always)
  private func isLive(_ entry: AddressTable<RequestSlot>.Entry) -> Bool {
    guard let slot = entry.element else { return false }
    let state = slots[unproven: slot].request.state.rawValue
    if entry.mark == .object {
      return state < Request.State.awaitingNotification.rawValue
        && slots[unproven: slot].request.address == entry.address
    } else {
      return state < Request.State.completed.rawValue
        && slots[unproven: slot].notification == entry.address && entry.mark != .ended
    }
  }

  /// The last request at `address`. It may have ended, but no other request has followed it there.
  func latest(at address: UInt64) -> Handle<RequestSlot>? {
    guard let position = addresses.find(address) else { return nil }
    let entry = addresses[position]
    guard let slot = entry.element, entry.mark != .notification,
      slots[unproven: slot].request.address == address
    else { return nil }
    return slot
  }

  func find(
    ring: Handle<RingState>, userData: UInt64, where accepts: (borrowing RequestSlot) -> Bool
  ) -> (slot: Handle<RequestSlot>, isAmbiguous: Bool)? {
    self.userData.find(ring: ring, userData: userData, slots, where: accepts)
  }

  // MARK: Beginning

  /// Returns the table entry for the address of a new request, and the older request that is still
  /// listed there. The caller must end the older request before the new one begins.
  @inline(__always)
  mutating func claim(
    _ address: UInt64, now: UInt64
  ) -> (position: AddressTable<RequestSlot>.Position, occupant: Handle<RequestSlot>?) {
    if addresses.isCrowded { removeDeadAddresses(now: now) }
    let position = addresses.insert(address)
    let entry = addresses[position]
    return (position, isLive(entry) ? entry.handle : nil)
  }

  /// Begins a request at the address `header.req` and sets the fields that every request has.
  @inline(__always)
  mutating func begin(
    _ header: record, at position: AddressTable<RequestSlot>.Position, ring: Handle<RingState>,
    ringID: Ring.ID
  ) -> Handle<RequestSlot> {
    let slot = slots.take(RequestSlot())
    links.cover(slot)
    addresses[position].handle = slot
    addresses[position].mark = .object
    links.append(slot, ring: ring)
    lastID &+= 1
    slots[slot].begin(header, ring: ring, ringID: ringID, id: lastID)
    return slot
  }

  /// Makes the address of a request's notification refer to the request, too.
  mutating func setNotification(
    _ address: UInt64, at position: AddressTable<RequestSlot>.Position, of slot: Handle<RequestSlot>
  ) {
    addresses[position].handle = slot
    addresses[position].mark = .notification
    slots[slot].notification = address
  }

  /// Adds a request to the `user_data` index.
  mutating func addToIndex(_ slot: Handle<RequestSlot>) {
    userData.insert(slot, &slots)
  }

  mutating func change(userDataOf slot: Handle<RequestSlot>, to new: UInt64) {
    let wasIndexed = slots[slot].isIndexed
    userData.remove(slot, &slots)
    slots[slot].request.userData = new
    slots[slot].request.isUserDataKnown = true
    if wasIndexed { userData.insert(slot, &slots) }
  }

  /// Adds all requests of a ring to the `user_data` index, oldest first.
  mutating func indexAll(of ring: Handle<RingState>, count: UInt32 = .max) {
    for slot in inFlight(of: ring, count: count) {
      userData.remove(slot, &slots)
      userData.insert(slot, &slots)
    }
  }

  @inline(never)
  private mutating func removeDeadAddresses(now: UInt64) {
    forgottenTime = now
    addresses.removeDead(slots) { entry, slots in
      !slots[unproven: entry.handle].request.state.isFinal
        && entry.address
          == (entry.mark == .object
            ? slots[unproven: entry.handle].request.address
            : slots[unproven: entry.handle].notification)
    }
  }

  // MARK: Ending

  /// Adds the request's last step and removes the request from those in flight. ``retire(_:)`` must
  /// follow.
  @inline(__always)
  mutating func finish(
    _ slot: Handle<RequestSlot>, as state: Request.State, step: Step.Kind, time: UInt64,
    tid: UInt32
  ) {
    addStep(step, to: slot, time: time, tid: tid)
    slots[slot].request.state = state
    links.remove(slot)
    if let position = addresses.find(slots[slot].request.address),
      addresses[position].handle == slot
    {
      addresses[position].mark = .ended
    }
    if slots[slot].isIndexed { userData.remove(slot, &slots) }
  }

  /// Moves an ended request into the history. Returns the request displaced from the history; none
  /// while there is room.
  @inline(__always)
  mutating func retire(_ slot: Handle<RequestSlot>) -> Handle<RequestSlot> {
    history.append(PastRequest(slot: slot))?.slot ?? .none
  }

  @inline(__always)
  mutating func free(_ slot: Handle<RequestSlot>) {
    links[slot].member = .none
    // Without an address, no record can refer to the request any more.
    slots[slot].request.address = 0
    if slots[slot].extra != .none { extras.give(back: slots[slot].extra) }
    slots.give(back: slot)
  }

  // MARK: Chains

  @inline(__always)
  func chainMember(of slot: Handle<RequestSlot>) -> Handle<ChainMember> { links[slot].member }

  mutating func setChain(
    _ member: Handle<ChainMember>, id: Chain.ID, of slot: Handle<RequestSlot>
  ) {
    links[slot].member = member
    slots[slot].isPlain = false
    changeExtra(of: slot) { $0.chain = id }
  }

  mutating func leaveChain(_ slot: Handle<RequestSlot>) {
    links[slot].member = .none
  }

  // MARK: Losses and walks

  mutating func noteLoss(at time: UInt64) {
    lossTime = max(lossTime, time)
  }

  /// True if a request that an inventory walk (BPF iterator over kernel structures) found at the
  /// address `header.req` can be in flight, although no request in flight is known at this address.
  ///
  /// - Parameter isFromStart: true if the ring was created during the observation, so that all its
  ///   requests are known.
  func canBeFound(
    _ header: record, userData: UInt64, ring: Handle<RingState>, isFromStart: Bool
  ) -> Bool {
    if let position = addresses.find(header.req) {
      // A request whose records were seen has ended at this address. The records of the next
      // request at the address would have been seen too, unless some were lost.
      guard lossTime != 0, latestEnd(at: position) <= min(lossTime, header.time_ns) else {
        return false
      }
    } else {
      // The address of an ended request may have been removed from the table since the walk.
      guard forgottenTime < header.time_ns, !isFromStart || lossTime != 0 else { return false }
    }
    return !unseenOverflows.contains(ring: ring, userData: userData, since: header.time_ns)
  }

  /// The latest possible end of the last request at an address. Requests that the history has
  /// dropped ended before all requests that it keeps.
  private func latestEnd(at position: AddressTable<RequestSlot>.Position) -> UInt64 {
    let entry = addresses[position]
    if let slot = entry.element { return slots[unproven: slot].request.lastTime }
    if let end = endOfPast(entry) { return end }
    guard let oldest = history.oldest else { return 0 }
    return lastTime(of: oldest)
  }

  /// The time of the last record about the last request at an address, which is its end if it has
  /// ended; nil if unknown.
  func lastEnd(at address: UInt64) -> UInt64? {
    guard let position = addresses.find(address) else { return nil }
    if let end = endOfPast(addresses[position]) { return end }
    return latest(at: address).map { slots[$0].request.lastTime }
  }

  private func endOfPast(_ entry: AddressTable<RequestSlot>.Entry) -> UInt64? {
    guard entry.mark == .past,
      let past = history[History<PastRequest>.Position(index: entry.handle.index)],
      past.slot == .none, past.address == entry.address
    else { return nil }
    return past.lastTime
  }

  private func lastTime(of past: PastRequest) -> UInt64 {
    past.slot == .none ? past.lastTime : slots[past.slot].request.lastTime
  }

  /// Makes room in the table without removing the addresses of ended requests: they show which
  /// results of the current walk are stale.
  mutating func makeRoomForFound() {
    if addresses.isCrowded { addresses.grow() }
  }

  /// Records the address of a request that was never seen and has ended. The result of a walk that
  /// found this request earlier is then ignored.
  @inline(never)
  mutating func noteStranger(at address: UInt64, now: UInt64) {
    if addresses.isCrowded { removeDeadAddresses(now: now) }
    _ = addresses.insert(address)
  }

  mutating func noteStranger(ring: Handle<RingState>, userData: UInt64, time: UInt64) {
    unseenOverflows.note(ring: ring, userData: userData, time: time)
  }

  /// Calls `body` for the requests in flight, of one ring or of all, oldest first, until `body`
  /// returns false. Returns the number of requests visited.
  @discardableResult
  func forEachInFlight(
    of ring: Handle<RingState>? = nil, _ body: (Handle<RequestSlot>, borrowing RequestSlot) -> Bool
  ) -> Int {
    var (slot, count) = (links.first, 0)
    while slot != .none {
      if ring == nil || links[slot].ring == ring {
        count += 1
        if !body(slot, slots[slot]) { break }
      }
      slot = links[slot].next
    }
    return count
  }

  /// An upper limit of the number of requests kept, in flight or ended. Requests in the history
  /// that keep their slot count twice.
  var count: Int { slots.count + history.count }
  var historyCount: Int { history.count }

  /// The fields of an ended request that are needed by searches through the history.
  struct Ended {
    var ring: Handle<RingState>
    var startTime: UInt64
    var lastTime: UInt64
    var isStartKnown: Bool
    var submitterTid: UInt32
    var completerTid: UInt32
  }

  /// Calls `body` for the requests in the history, newest first, until `body` returns false.
  func forEachEnded(_ body: (Ended) -> Bool) {
    for age in 0..<history.count where !body(ended(age: age)) { return }
  }

  private func ended(age: Int) -> Ended {
    let slot = history[age: age].slot
    guard slot != .none else { return Ended(history[age: age]) }
    return Ended(
      ring: slots[slot].ring, startTime: slots[slot].request.startTime,
      lastTime: slots[slot].request.lastTime, isStartKnown: slots[slot].request.isStartKnown,
      submitterTid: slots[slot].request.submitterTid,
      completerTid: slots[slot].request.completerTid)
  }

  /// True if requests that ended after `time` may have left the history or the address table. The
  /// results of a walk at `time` are then void.
  func mayHaveForgottenEnds(after time: UInt64) -> Bool {
    if forgottenTime >= time { return true }
    guard history.isFull, let oldest = history.oldest else { return false }
    return lastTime(of: oldest) > time
  }
}

extension RequestTracker.Ended {
  /// The fields of a request that has no slot any more.
  fileprivate init(_ past: PastRequest) {
    self.init(
      ring: past.ring, startTime: past.startTime, lastTime: past.lastTime, isStartKnown: true,
      submitterTid: past.submitterTid, completerTid: past.completerTid)
  }
}
