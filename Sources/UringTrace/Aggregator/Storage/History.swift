/// A circular buffer with an entry for each ended object, in the order in which the objects ended.
///
/// Only for entries that need no deinitialisation.
struct History<Entry>: ~Copyable {
  private let entries: UnsafeMutablePointer<Entry>
  /// One more than the number of entries kept, because the newest entry is stored before the oldest
  /// leaves.
  private let capacity: Int
  private var next = 0
  private(set) var count = 0

  /// Position of an entry, valid until newer entries displace it.
  struct Position {
    let index: UInt32
  }

  init(limit: Int) {
    capacity = max(limit, 0) + 1
    entries = .allocate(capacity: capacity)
  }

  deinit {
    entries.deallocate()
  }

  /// The position at which ``append(_:)`` puts the next entry.
  var nextPosition: Position { Position(index: UInt32(truncatingIfNeeded: next)) }

  /// Number of entries added since ``nextPosition`` had this index. Correct only if that number is
  /// not more than the history keeps.
  func length(since index: UInt32) -> Int {
    let length = next - min(Int(index), capacity - 1)
    return length < 0 ? length + capacity : length
  }

  /// Adds an entry. Returns the entry that it displaces; nil while there is room.
  @inline(__always)
  mutating func append(_ entry: Entry) -> Entry? {
    (entries + next).initialize(to: entry)
    next &+= 1
    if next == capacity { next = 0 }
    if isFull { return entries[next] }
    count &+= 1
    return nil
  }

  /// True if the next entry displaces the oldest.
  var isFull: Bool {
    @inline(__always) get { count == capacity &- 1 }
  }

  /// The oldest entry; nil if there is none.
  var oldest: Entry? { count > 0 ? self[age: count - 1] : nil }

  /// The entry with this age. The newest entry has the age 0, the one before it the age 1.
  subscript(age age: Int) -> Entry {
    _read { yield entries[(next + capacity - 1 - age) % capacity] }
  }

  /// The entry at a position; nil if there is none. It can be a later entry than the one for which
  /// the position was made.
  subscript(_ position: Position) -> Entry? {
    let index = Int(position.index)
    guard index < capacity, index != next, index < next || isFull else { return nil }
    return entries[index]
  }
}
