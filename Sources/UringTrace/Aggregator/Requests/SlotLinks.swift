/// The fields of a request that are read by searches through many requests. Kept apart from the
/// ``RequestSlot``, so that such searches, and unlinking a request from the list, touch little
/// memory.
struct SlotLink {
  /// Neighbours in the list of requests in flight.
  var previous = Handle<RequestSlot>.none
  var next = Handle<RequestSlot>.none
  var ring = Handle<RingState>.none
  /// The request's membership in a chain.
  var member = Handle<ChainMember>.none
}

/// A ``SlotLink`` for each slot of the request pool. The handle ``Handle/none`` has a link too: it
/// precedes the list's first element and follows its last, so that insertion and removal need no
/// branches.
struct SlotLinks: ~Copyable {
  private var base: UnsafeMutablePointer<SlotLink>
  private var capacity: UInt32 = 64

  init() {
    base = .allocate(capacity: 65) + 1
    (base - 1).initialize(repeating: SlotLink(), count: 65)
  }

  deinit {
    (base - 1).deallocate()
  }

  subscript(_ slot: Handle<RequestSlot>) -> SlotLink {
    @inline(__always)
    unsafeAddress { UnsafePointer(base + Int(Int32(bitPattern: slot.index))) }
    @inline(__always)
    unsafeMutableAddress { base + Int(Int32(bitPattern: slot.index)) }
  }

  /// Makes room for a slot.
  @inline(__always)
  mutating func cover(_ slot: Handle<RequestSlot>) {
    if slot.index >= capacity { grow() }
  }

  @inline(never)
  private mutating func grow() {
    let new = UnsafeMutablePointer<SlotLink>.allocate(capacity: Int(capacity) * 2 + 1) + 1
    (new - 1).initialize(from: base - 1, count: Int(capacity) + 1)
    (new + Int(capacity)).initialize(repeating: SlotLink(), count: Int(capacity))
    (base - 1).deallocate()
    base = new
    capacity *= 2
  }
}

/// The list of requests in flight, in the order in which they began.
extension SlotLinks {
  /// The oldest request in flight.
  var first: Handle<RequestSlot> { self[.none].next }

  @inline(__always)
  mutating func append(_ slot: Handle<RequestSlot>, ring: Handle<RingState>) {
    let last = self[.none].previous
    self[slot] = SlotLink(previous: last, next: .none, ring: ring, member: .none)
    self[last].next = slot
    self[.none].previous = slot
  }

  @inline(__always)
  mutating func remove(_ slot: Handle<RequestSlot>) {
    let (previous, next) = (self[slot].previous, self[slot].next)
    self[previous].next = next
    self[next].previous = previous
  }
}
