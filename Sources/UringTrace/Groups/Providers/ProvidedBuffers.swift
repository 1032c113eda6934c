import CRecord

extension GroupProvider {
  /// Provided buffers: IORING_REGISTER_PBUF_RING and PROVIDE_BUFFERS.
  public static let provided = GroupProvider(.provided)
}

extension GroupProviderTraits {
  static let provided = GroupProviderTraits(
    id: 6, name: "provided", title: "provided buffers",
    rules: GroupRules(lifecycle: .pool, isOwnMemory: true))
}

extension LendingTracker {
  /// Handles a request that chooses from a group of provided buffers.
  mutating func select(_ slot: inout RequestSlot, _ bgid: UInt16, _ event: inout Event) {
    guard member(of: slot) == nil else { return }
    let pool = slotOrNew(slot.ring, .providedLegacy, UInt32(bgid))
    if self[pool].group == .none {
      beginPool(pool, on: slot.ring, time: slot.request.startTime, leader: .init())
    }
    join(&slot, self[pool].group, &event)
  }

  private mutating func noteBuffers(in pool: Handle<BufferSlotState>) {
    self[pool].isFilled = true
    self[self[pool].buffer.ring].hasProvidedBuffers = true
  }

  private mutating func beginPool(
    _ pool: Handle<BufferSlotState>, on ring: Handle<RingState>, time: UInt64,
    leader: RequestGroup.Leader
  ) {
    let group = begin(.provided, on: ring, time: time, leader: leader)
    self[group].slot = pool
    self[group].index = self[pool].index
    self[pool].group = group
  }

  mutating func provide(
    _ bgid: UInt32, _ kind: Buffer.Kind, _ ring: Handle<RingState>,
    _ leader: RequestGroup.Leader, address: UInt64, count: UInt32, length: UInt64, time: UInt64,
    _ event: inout Event
  ) {
    let pool = slotOrNew(ring, kind, bgid)
    self[pool].kind = kind
    self[pool].buffer.address = address
    self[pool].buffer.length = length
    self[pool].buffer.providedTime = time
    self[pool].provided.count = count
    self[pool].provided.provided = -1
    self[pool].provided.taken = 0
    self[pool].provided.lookTime = 0
    self[pool].provided.head = nil
    self[pool].provided.twice = nil
    noteBuffers(in: pool)
    let old = self[pool].group
    if old != .none, self[old].leader.isKnown || kind == .providedRing {
      withdraw(old, at: Moment(time: time, tid: leader.tid))
    }
    if self[pool].group == .none {
      beginPool(pool, on: ring, time: time, leader: leader)
    } else {
      self[self[pool].group].leader = leader
    }
    let group = self[pool].group
    self[group].buffer.address = address
    self[group].buffer.length = length
    self[group].buffer.direction = .both
    provide(group, time: time)
    name(group, &event)
  }

  /// Handles the submission of PROVIDE_BUFFERS or REMOVE_BUFFERS.
  mutating func provideBuffers(_ slot: inout RequestSlot, _ event: inout Event) {
    let sqe = slot.request.sqe
    let bgid = UInt32(sqe.buf_index)
    slot.joinLending()
    if slot.request.opcode == .provideBuffers {
      let pool = slotOrNew(slot.ring, .providedLegacy, bgid)
      if self[pool].group == .none || !self[pool].isFilled {
        provide(
          bgid, .providedLegacy, slot.ring, leader(slot), address: sqe.addr,
          count: UInt32(bitPattern: sqe.fd), length: UInt64(sqe.len),
          time: slot.request.startTime, &event)
        self[pool].provided.provided = 0
      }
    }
    guard let pool = self.slot(slot.ring, .providedLegacy, bgid) else { return }
    let group = self[pool].group
    if group != .none { lead(&slot, group, &event) }
  }

  /// Handles the end of PROVIDE_BUFFERS or REMOVE_BUFFERS.
  mutating func finishProviding(_ slot: borrowing RequestSlot, _ group: Handle<GroupState>) {
    guard let pool = self.slot(of: group), slot.request.isSQEKnown else { return }
    let result = slot.request.result
    if slot.request.opcode == .provideBuffers {
      if result >= 0, self[pool].provided.provided >= 0 {
        self[pool].provided.provided += Int64(slot.request.sqe.fd)
        let left = self[pool].provided.provided - self[pool].provided.taken
        self[pool].provided.count = max(self[pool].provided.count, UInt32(clamping: left))
      }
    } else if result > 0, self[pool].provided.provided >= 0 {
      self[pool].provided.provided -= Int64(result)
    }
  }

  /// Handles a CQE of a member.
  mutating func takeProvided(
    _ member: Handle<MemberState>, _ result: Int32, _ flags: CQEFlags, time: UInt64
  ) {
    let group = self[member].group
    let pool = slot(of: group)
    if result == -ErrorNumber.noBuffers.rawValue {
      note(.exhausted, group)
      if let pool { self[pool].provided.exhaustedCount &+= 1 }
      return
    }
    guard let bid = flags.bufferID else { return }
    self[member].member.bufferID = bid
    guard let pool else { return }
    noteBuffers(in: pool)
    self[pool].lastUseTime = time
    self[pool].provided.takenTime = time
    // With IORING_CQE_F_BUF_MORE the kernel keeps the buffer for later CQEs: it is not taken yet.
    if !flags.contains(.bufferMore) { self[pool].provided.taken += 1 }
  }

  /// Handles a record of a buffer ring's tail, which shows how far the application has filled the
  /// ring.
  mutating func providedTail(
    _ record: UnsafePointer<record_provided_tail>, ring: Handle<RingState>
  ) {
    guard let pool = slot(ring, .providedRing, record.pointee.bgid) else { return }
    // The tail is the low 16 bits of the number of buffers ever provided. At most as many buffers
    // are left as the ring has entries.
    let taken = self[pool].provided.taken
    let left = (Int64(record.pointee.tail) - taken) & 0xffff
    self[pool].provided.provided = taken + min(left, Int64(self[pool].provided.count))
    self[pool].provided.lookTime = 0
  }

  /// Handles a record of the kernel's state of a buffer group. Ignores it if a buffer has been
  /// taken since the record was written.
  mutating func providedGroup(
    _ record: UnsafePointer<record_provided_group>, ring: Handle<RingState>
  ) {
    let header = record.pointee.base
    let isRing = record.pointee.entries != 0
    let kind: Buffer.Kind = isRing ? .providedRing : .providedLegacy
    guard record.pointee.bgid <= UInt16.max else { return }
    let pool = slotOrNew(ring, kind, record.pointee.bgid)
    // Only a taken buffer makes the record stale: requests that got no buffer have changed nothing.
    guard self[pool].provided.takenTime <= header.time_ns else { return }
    // For buffers provided one by one (PROVIDE_BUFFERS), one such record is enough: events show
    // every later change.
    guard isRing || self[pool].provided.provided < 0 else { return }
    self[pool].kind = kind
    noteBuffers(in: pool)
    self[pool].provided.provided = self[pool].provided.taken + Int64(record.pointee.left)
    self[pool].provided.count =
      isRing ? record.pointee.entries : max(self[pool].provided.count, record.pointee.left)
    self[pool].provided.lookTime = isRing ? header.time_ns : 0
    self[pool].provided.head = ProvidedEntry(record)
  }

  /// Records that a buffer ring held one buffer twice.
  mutating func providedTwice(
    _ record: UnsafePointer<record_provided_twice>, ring: Handle<RingState>
  ) {
    guard record.pointee.bgid <= UInt16.max else { return }
    let pool = slotOrNew(ring, .providedRing, record.pointee.bgid)
    let count = (self[pool].provided.twice?.count ?? 0) + 1
    let bid = UInt16(truncatingIfNeeded: record.pointee.bid)
    self[pool].kind = .providedRing
    noteBuffers(in: pool)
    self[pool].provided.twice = ProvidedTwice(
      bid: bid, count: count, time: record.pointee.base.time_ns,
      earlierTime: self[pool].provided.twice?.time ?? 0)
  }
}

extension ProvidedEntry {
  /// Reads the entry at the head of a buffer ring; nil if the record contains none.
  init?(_ record: UnsafePointer<record_provided_group>) {
    guard record.pointee.head_is_known != 0 else { return nil }
    self.init(
      slot: record.pointee.head_slot, bid: record.pointee.head_bid,
      address: record.pointee.head_address, length: record.pointee.head_length)
  }
}
