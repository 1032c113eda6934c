/// The slots of requests that have ended, in order of their end.
struct History: ~Copyable {
  private let places: UnsafeMutablePointer<UInt32>
  /// One more than are kept: the newest comes in before the oldest goes.
  private let capacity: Int
  private var first = 0
  private var end = 0
  private(set) var count = 0

  init(limit: Int) {
    capacity = max(limit, 0) + 1
    places = .allocate(capacity: capacity)
    places.initialize(repeating: noIndex, count: capacity)
  }

  deinit {
    places.deallocate()
  }

  /// Takes a slot in. Returns the oldest if there is one too many.
  @inline(__always)
  mutating func append(_ slot: UInt32) -> UInt32? {
    places[end] = slot
    end &+= 1
    if end == capacity { end = 0 }
    count &+= 1
    guard count == capacity else { return nil }
    let oldest = places[first]
    first &+= 1
    if first == capacity { first = 0 }
    count &-= 1
    return oldest
  }

  /// By age: 0 is the newest.
  subscript(age age: Int) -> UInt32 {
    places[(end + 2 * capacity - 1 - age) % capacity]
  }
}
