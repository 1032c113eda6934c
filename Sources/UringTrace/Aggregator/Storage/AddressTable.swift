/// Map from kernel addresses, or other 64-bit keys, to elements of a ``Pool``. Open addressing with
/// linear probing.
///
/// Entries are not removed individually: the kernel reuses the same few addresses, so the next
/// object at an address soon takes over the entry. The table's owner recognises a dead entry by the
/// state of its element. Entries that stay dead are removed when the table is crowded.
struct AddressTable<Element: ~Copyable>: ~Copyable {
  struct Entry {
    /// 0 for an empty entry.
    var address: UInt64
    var handle: Handle<Element>
    var mark: Mark

    /// The element; nil if there is none.
    var element: Handle<Element>? {
      @inline(__always) get { mark == .past ? nil : handle.ifAny }
    }
  }

  enum Mark {
    case object
    /// The address is that of the `io_kiocb` that posts a request's notification.
    case notification
    /// The object has ended. Not every end sets this mark.
    case ended
    /// The request has ended and has no slot any more. The handle's index is the request's
    /// ``History/Position`` in the history.
    case past
  }

  /// An entry's position, valid until the next insertion.
  struct Position {
    fileprivate let offset: Int
  }

  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  private var shift: UInt64
  private var used = 0

  init() {
    (entries, mask, shift) = Self.allocate(capacity: 256)
  }

  deinit {
    entries.deallocate()
  }

  /// True if the owner must call ``removeDead(_:)`` or ``grow()`` before an insertion.
  var isCrowded: Bool {
    @inline(__always) get { used * 2 > mask }
  }

  subscript(_ position: Position) -> Entry {
    @inline(__always)
    unsafeAddress { UnsafePointer(entries + position.offset) }
    @inline(__always)
    unsafeMutableAddress { entries + position.offset }
  }

  /// Position of the entry for `address`, nil if there is none.
  @inline(__always)
  func find(_ address: UInt64) -> Position? {
    guard address != 0 else { return nil }
    var offset = home(of: address)
    while true {
      let found = entries[offset].address
      if found == address { return Position(offset: offset) }
      if found == 0 { return nil }
      offset = (offset &+ 1) & mask
    }
  }

  /// Position of the entry for `address` (not 0). Adds a missing entry, marked ``Mark/ended`` and
  /// without an element.
  @inline(__always)
  mutating func insert(_ address: UInt64) -> Position {
    assert(address != 0)
    var offset = home(of: address)
    while true {
      let found = entries[offset].address
      if found == address { return Position(offset: offset) }
      if found == 0 {
        entries[offset] = Entry(address: address, handle: .none, mark: .ended)
        used &+= 1
        return Position(offset: offset)
      }
      offset = (offset &+ 1) & mask
    }
  }

  /// Removes the entries without an element and those that `isAlive` does not accept. `objects` is
  /// the pool of the elements. Positions of entries become invalid.
  @inline(never)
  mutating func removeDead(
    _ objects: borrowing Pool<Element>, _ isAlive: (Entry, borrowing Pool<Element>) -> Bool
  ) {
    let old = UnsafeBufferPointer(start: entries, count: mask + 1)
    var alive = 0
    for entry in old where entry.element != nil && isAlive(entry, objects) { alive += 1 }
    var capacity = 256
    while capacity < alive * 4 { capacity *= 2 }
    (entries, mask, shift) = Self.allocate(capacity: capacity)
    used = 0
    for entry in old where entry.element != nil && isAlive(entry, objects) {
      entries[insert(entry.address).offset] = entry
    }
    old.deallocate()
  }

  /// Makes room and keeps every entry. Positions of entries become invalid.
  @inline(never)
  mutating func grow() {
    let old = UnsafeBufferPointer(start: entries, count: mask + 1)
    (entries, mask, shift) = Self.allocate(capacity: old.count * 2)
    used = 0
    for entry in old where entry.address != 0 {
      entries[insert(entry.address).offset] = entry
    }
    old.deallocate()
  }

  @inline(__always)
  private func home(of address: UInt64) -> Int {
    // Multiplicative hashing: addresses of one slab differ in few bits.
    Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }

  private static func allocate(
    capacity: Int
  ) -> (UnsafeMutablePointer<Entry>, mask: Int, shift: UInt64) {
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    entries.initialize(
      repeating: Entry(address: 0, handle: .none, mark: .object), count: capacity)
    return (entries, capacity - 1, UInt64(64 - capacity.trailingZeroBitCount))
  }

  #if DEBUG
    /// Traps unless the count of used entries is right and each of them is found by its address.
    func checkInvariants() {
      var seen = 0
      for offset in 0...mask where entries[offset].address != 0 {
        seen += 1
        precondition(
          find(entries[offset].address)?.offset == offset, "an address has two entries")
      }
      precondition(seen == used, "an address table's count is wrong")
    }
  #endif
}
