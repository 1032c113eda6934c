/// A list of request slots in order, threaded through ``SlotLink``s: the requests in flight by their
/// start, or those ended by their end.
struct SlotList {
  private(set) var first = noIndex
  private(set) var last = noIndex
  private(set) var count = 0

  @inline(__always)
  mutating func append(_ slot: UInt32, _ links: borrowing Pool<SlotLink>) {
    links[slot].previous = last
    links[slot].next = noIndex
    if last == noIndex { first = slot } else { links[last].next = slot }
    last = slot
    count &+= 1
  }

  @inline(__always)
  mutating func remove(_ slot: UInt32, _ links: borrowing Pool<SlotLink>) {
    let link = links[slot]
    if link.previous == noIndex { first = link.next } else { links[link.previous].next = link.next }
    if link.next == noIndex {
      last = link.previous
    } else {
      links[link.next].previous = link.previous
    }
    count &-= 1
  }
}

/// What a search through many requests needs of each. Apart from the slot, so that such a search, and
/// taking a request out between two others, touches little memory.
struct SlotLink {
  var previous = noIndex
  var next = noIndex
  /// Number in the pool of rings.
  var ring = noIndex
}
