/// What a search through many requests needs of each. Apart from the slot, so that such a search, and
/// taking a request out between two others, touches little memory.
struct SlotLink {
  /// Neighbours in the ``InFlightList``.
  var previous = noIndex
  var next = noIndex
  /// Number in the pool of rings.
  var ring = noIndex
  /// Number in the pool of chains.
  var chain = noIndex
}

/// A ``SlotLink`` for each slot of the pool of requests, by the same number.
struct SlotLinks: ~Copyable {
  private var base: UnsafeMutablePointer<SlotLink>
  private var capacity: UInt32 = 64

  init() {
    base = .allocate(capacity: 64)
    base.initialize(repeating: SlotLink(), count: 64)
  }

  deinit {
    base.deallocate()
  }

  subscript(_ slot: UInt32) -> SlotLink {
    @inline(__always)
    unsafeAddress { UnsafePointer(base + Int(slot)) }
    @inline(__always)
    nonmutating unsafeMutableAddress { base + Int(slot) }
  }

  /// Makes room for a slot.
  @inline(__always)
  mutating func cover(_ slot: UInt32) {
    if slot >= capacity { grow() }
  }

  @inline(never)
  private mutating func grow() {
    let new = UnsafeMutablePointer<SlotLink>.allocate(capacity: Int(capacity) * 2)
    new.update(from: base, count: Int(capacity))
    (new + Int(capacity)).initialize(repeating: SlotLink(), count: Int(capacity))
    base.deallocate()
    base = new
    capacity *= 2
  }
}

/// The slots of the requests in flight, in the order in which they began.
struct InFlightList {
  private(set) var first = noIndex
  private(set) var last = noIndex
  private(set) var count = 0

  @inline(__always)
  mutating func append(_ slot: UInt32, ring: UInt32, _ links: borrowing SlotLinks) {
    links[slot] = SlotLink(previous: last, next: noIndex, ring: ring, chain: noIndex)
    if last == noIndex { first = slot } else { links[last].next = slot }
    last = slot
    count &+= 1
  }

  @inline(__always)
  mutating func remove(_ slot: UInt32, _ links: borrowing SlotLinks) {
    let (previous, next) = (links[slot].previous, links[slot].next)
    if previous == noIndex { first = next } else { links[previous].next = next }
    if next == noIndex { last = previous } else { links[next].previous = previous }
    count &-= 1
  }
}
