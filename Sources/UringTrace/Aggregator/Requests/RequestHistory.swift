/// The requests that have ended, in order of their end: a circular buffer.
struct RequestHistory: ~Copyable {
  private let entries: UnsafeMutablePointer<PastRequest>
  /// One more than the number kept: the newest request enters before the oldest leaves.
  private let capacity: Int
  private var next = 0
  private(set) var count = 0

  /// Where the history keeps a request, until others displace it.
  struct Position {
    let index: UInt32
  }

  init(limit: Int) {
    capacity = max(limit, 0) + 1
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: PastRequest(), count: capacity)
  }

  deinit {
    entries.deallocate()
  }

  /// Adds a request. Returns its position, and the slot of the request that it displaces; none if that had no slot.
  @inline(__always)
  mutating func append(_ request: PastRequest) -> (Position, displaced: Handle<RequestSlot>) {
    entries[next] = request
    let position = Position(index: UInt32(truncatingIfNeeded: next))
    next &+= 1
    if next == capacity { next = 0 }
    if count < capacity &- 1 { count &+= 1 }
    let oldest = entries + next
    let displaced = oldest.pointee.slot
    oldest.pointee.slot = .none
    oldest.pointee.address = 0
    return (position, displaced)
  }

  /// True if the next request displaces the oldest.
  var isFull: Bool { count == capacity - 1 }

  /// The oldest request; nil if the history is empty.
  var oldest: PastRequest? { count > 0 ? self[age: count - 1] : nil }

  /// The request of an age: 0 is the newest.
  subscript(age age: Int) -> PastRequest {
    _read { yield entries[(next + capacity - 1 - age) % capacity] }
  }

  /// The request at a position; nil if another one has displaced it.
  subscript(_ position: Position, address: UInt64) -> PastRequest? {
    let index = Int(position.index)
    guard index < capacity, entries[index].address == address, entries[index].slot == .none else {
      return nil
    }
    return entries[index]
  }
}
