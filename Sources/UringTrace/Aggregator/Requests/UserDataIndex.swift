/// Index of requests by ring and `user_data`, oldest first, for CQEs whose records do not name
/// their request.
///
/// Contains only requests that can post such CQEs; see ``RequestSlot/isMultishot`` and
/// ``RingState/isIndexed``.
struct UserDataIndex: ~Copyable {
  private var buckets = [PoolList<RequestSlot>](repeating: PoolList(), count: 64)
  private var mask = 63
  private var count = 0

  mutating func insert(_ slot: Handle<RequestSlot>, _ slots: inout Pool<RequestSlot>) {
    guard !slots[slot].isIndexed else { return }
    if count > mask { grow(&slots) }
    append(slot, &slots)
    slots[slot].isIndexed = true
    slots[slot].isPlain = false
    count += 1
  }

  mutating func remove(_ slot: Handle<RequestSlot>, _ slots: inout Pool<RequestSlot>) {
    guard slots[slot].isIndexed else { return }
    let bucket = bucket(slots[slot].ring, slots[slot].request.userData)
    buckets[bucket].remove(slot, in: &slots)
    slots[slot].isIndexed = false
    count -= 1
  }

  /// The oldest request of `ring` with this `user_data` that `accepts` admits, and whether there is
  /// another such request.
  func find(
    ring: Handle<RingState>, userData: UInt64, _ slots: borrowing Pool<RequestSlot>,
    where accepts: (borrowing RequestSlot) -> Bool
  ) -> (slot: Handle<RequestSlot>, isAmbiguous: Bool)? {
    var found = Handle<RequestSlot>.none
    var slot = buckets[bucket(ring, userData)].first
    while slot != .none {
      if slots[slot].request.userData == userData, slots[slot].ring == ring, accepts(slots[slot]) {
        if found != .none { return (found, true) }
        found = slot
      }
      slot = slots[slot].link.next
    }
    return found == .none ? nil : (found, false)
  }

  private mutating func append(_ slot: Handle<RequestSlot>, _ slots: inout Pool<RequestSlot>) {
    let bucket = bucket(slots[slot].ring, slots[slot].request.userData)
    buckets[bucket].append(slot, in: &slots)
  }

  private mutating func grow(_ slots: inout Pool<RequestSlot>) {
    let old = buckets
    mask = mask * 2 + 1
    buckets = [PoolList<RequestSlot>](repeating: PoolList(), count: mask + 1)
    for bucket in old {
      var slot = bucket.first
      while slot != .none {
        let next = slots[slot].link.next
        append(slot, &slots)
        slot = next
      }
    }
  }

  private func bucket(_ ring: Handle<RingState>, _ userData: UInt64) -> Int {
    let mixed = (userData ^ (UInt64(ring.index) << 40)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 24) & mask
  }

  #if DEBUG
    /// Traps unless every bucket's list is sound and holds the right requests, and the count is
    /// right.
    func checkInvariants(_ slots: borrowing Pool<RequestSlot>) {
      var seen = 0
      for index in buckets.indices {
        buckets[index].checkInvariants(in: slots) { _, slot in
          seen += 1
          precondition(slot.isIndexed, "a request in the index is not marked as indexed")
          precondition(
            bucket(slot.ring, slot.request.userData) == index, "a request is in a wrong bucket")
        }
      }
      precondition(seen == count, "the user_data index's count is wrong")
    }
  #endif
}
