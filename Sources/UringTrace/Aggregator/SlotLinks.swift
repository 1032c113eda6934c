/// What a search through many requests needs of each. Apart from the slot, so that such a search, and
/// taking a request out between two others, touches little memory.
struct SlotLink {
  /// Neighbours in the list of the requests in flight.
  var previous = noIndex
  var next = noIndex
  /// Number in the pool of rings.
  var ring = noIndex
  /// Number in the pool of chains.
  var chain = noIndex
}

/// A ``SlotLink`` for each slot of the pool of requests, by the same number. ``noIndex`` has one too: the
/// place before the first and behind the last of a list, so that joining and leaving ask no questions.
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

  subscript(_ slot: UInt32) -> SlotLink {
    @inline(__always)
    unsafeAddress { UnsafePointer(base + Int(Int32(bitPattern: slot))) }
    @inline(__always)
    nonmutating unsafeMutableAddress { base + Int(Int32(bitPattern: slot)) }
  }

  /// Makes room for a slot.
  @inline(__always)
  mutating func cover(_ slot: UInt32) {
    if slot >= capacity { grow() }
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

/// The slots of the requests in flight, in the order in which they began.
extension SlotLinks {
  /// The oldest, ``noIndex`` if there is none.
  var first: UInt32 { self[noIndex].next }

  @inline(__always)
  func append(_ slot: UInt32, ring: UInt32) {
    let last = self[noIndex].previous
    self[slot] = SlotLink(previous: last, next: noIndex, ring: ring, chain: noIndex)
    self[last].next = slot
    self[noIndex].previous = slot
  }

  @inline(__always)
  func remove(_ slot: UInt32) {
    let (previous, next) = (self[slot].previous, self[slot].next)
    self[previous].next = next
    self[next].previous = previous
  }
}
