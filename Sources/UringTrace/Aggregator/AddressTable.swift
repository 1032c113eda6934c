/// Map from kernel addresses to numbers of a ``Pool``, open-addressed with linear probing.
///
/// Entries are not removed one by one: the kernel uses the same few addresses again and again, so an
/// entry whose object is gone is soon taken over by the next one. The owner tells a dead entry by
/// looking at the object. Those that stay dead go when the table gets crowded.
struct AddressTable: ~Copyable {
  struct Entry {
    /// 0: empty.
    var address: UInt64
    var index: UInt32
    /// The owner's.
    var mark: UInt32
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

  /// An insertion must be preceded by ``removeDead(_:)`` when this says so.
  var isCrowded: Bool {
    @inline(__always) get { used * 2 > mask }
  }

  subscript(_ position: Int) -> Entry {
    @inline(__always)
    unsafeAddress { UnsafePointer(entries + position) }
    @inline(__always)
    nonmutating unsafeMutableAddress { entries + position }
  }

  /// Position of the entry for `address` (not 0), nil if there is none.
  @inline(__always)
  func find(_ address: UInt64) -> Int? {
    var position = home(of: address)
    while true {
      let found = entries[position].address
      if found == address { return position }
      if found == 0 { return nil }
      position = (position &+ 1) & mask
    }
  }

  /// Position of the entry for `address` (not 0), made with ``noIndex`` and as
  /// ``EntryMark/ended`` if there was none.
  @inline(__always)
  mutating func insert(_ address: UInt64) -> Int {
    var position = home(of: address)
    while true {
      let found = entries[position].address
      if found == address { return position }
      if found == 0 {
        entries[position] = Entry(address: address, index: noIndex, mark: EntryMark.ended)
        used &+= 1
        return position
      }
      position = (position &+ 1) & mask
    }
  }

  /// Keeps the entries for which `isAlive` says so, given the pool they point into. Positions change.
  @inline(never)
  mutating func removeDead<Object: ~Copyable>(
    _ objects: borrowing Pool<Object>, _ isAlive: (Entry, borrowing Pool<Object>) -> Bool
  ) {
    let old = UnsafeBufferPointer(start: entries, count: mask + 1)
    var alive = 0
    for entry in old where entry.index != noIndex && isAlive(entry, objects) { alive += 1 }
    var capacity = 256
    while capacity < alive * 4 { capacity *= 2 }
    (entries, mask, shift) = Self.allocate(capacity: capacity)
    used = 0
    for entry in old where entry.index != noIndex && isAlive(entry, objects) {
      let position = insert(entry.address)
      entries[position] = entry
    }
    old.deallocate()
  }

  /// Makes room and keeps every entry. Positions change.
  @inline(never)
  mutating func grow() {
    let old = UnsafeBufferPointer(start: entries, count: mask + 1)
    (entries, mask, shift) = Self.allocate(capacity: old.count * 2)
    used = 0
    for entry in old where entry.address != 0 {
      let position = insert(entry.address)
      entries[position] = entry
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
    entries.initialize(repeating: Entry(address: 0, index: noIndex, mark: 0), count: capacity)
    return (entries, capacity - 1, UInt64(64 - capacity.trailingZeroBitCount))
  }
}
