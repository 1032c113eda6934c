/// Finds requests by ring and `user_data`, oldest first: for CQEs that do not name their request.
///
/// Holds only requests that can have such CQEs, see ``RequestSlot/isMultishot`` and
/// ``RingState/isIndexed``.
struct UserDataIndex: ~Copyable {
  private struct Bucket {
    var first = noIndex
    var last = noIndex
  }

  private var buckets: UnsafeMutablePointer<Bucket>
  private var mask = 63
  private var count = 0

  init() {
    buckets = .allocate(capacity: 64)
    buckets.initialize(repeating: Bucket(), count: 64)
  }

  deinit {
    buckets.deallocate()
  }

  mutating func insert(_ slot: UInt32, _ slots: borrowing Pool<RequestSlot>) {
    guard !slots[slot].isIndexed else { return }
    if count > mask { grow(slots) }
    append(slot, slots)
    slots[slot].isIndexed = true
    slots[slot].isPlain = false
    count += 1
  }

  mutating func remove(_ slot: UInt32, _ slots: borrowing Pool<RequestSlot>) {
    guard slots[slot].isIndexed else { return }
    let position = position(slots[slot].ring, slots[slot].request.userData)
    let (previous, next) = (slots[slot].indexPrevious, slots[slot].indexNext)
    if previous == noIndex {
      buckets[position].first = next
    } else {
      slots[previous].indexNext = next
    }
    if next == noIndex {
      buckets[position].last = previous
    } else {
      slots[next].indexPrevious = previous
    }
    slots[slot].isIndexed = false
    count -= 1
  }

  /// The oldest request of `ring` with this `user_data` that `accepts` takes, and whether there is
  /// another one.
  func find(
    ring: UInt32, userData: UInt64, _ slots: borrowing Pool<RequestSlot>,
    where accepts: (borrowing RequestSlot) -> Bool
  ) -> (slot: UInt32, isAmbiguous: Bool)? {
    var found = noIndex
    var slot = buckets[position(ring, userData)].first
    while slot != noIndex {
      if slots[slot].request.userData == userData, slots[slot].ring == ring, accepts(slots[slot]) {
        if found != noIndex { return (found, true) }
        found = slot
      }
      slot = slots[slot].indexNext
    }
    return found == noIndex ? nil : (found, false)
  }

  private func append(_ slot: UInt32, _ slots: borrowing Pool<RequestSlot>) {
    let position = position(slots[slot].ring, slots[slot].request.userData)
    let last = buckets[position].last
    slots[slot].indexPrevious = last
    slots[slot].indexNext = noIndex
    if last == noIndex {
      buckets[position].first = slot
    } else {
      slots[last].indexNext = slot
    }
    buckets[position].last = slot
  }

  private mutating func grow(_ slots: borrowing Pool<RequestSlot>) {
    let old = UnsafeBufferPointer(start: buckets, count: mask + 1)
    mask = mask * 2 + 1
    buckets = .allocate(capacity: mask + 1)
    buckets.initialize(repeating: Bucket(), count: mask + 1)
    for bucket in old {
      var slot = bucket.first
      while slot != noIndex {
        let next = slots[slot].indexNext
        append(slot, slots)
        slot = next
      }
    }
    old.deallocate()
  }

  private func position(_ ring: UInt32, _ userData: UInt64) -> Int {
    let mixed = (userData ^ (UInt64(ring) << 40)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 24) & mask
  }
}
