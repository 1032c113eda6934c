/// The slots of requests that have ended, in order of their end.
struct History: ~Copyable {
  /// In a circle; the place of the next one holds the one that went last.
  private let places: UnsafeMutablePointer<UInt32>
  /// One more than are kept: the newest comes in before the oldest goes.
  private let capacity: Int
  private var next = 0

  init(limit: Int) {
    capacity = max(limit, 0) + 1
    places = .allocate(capacity: capacity)
    places.initialize(repeating: noIndex, count: capacity)
  }

  deinit {
    places.deallocate()
  }

  /// Takes a slot in. Returns the one that has to go for it, ``noIndex`` as long as there is room.
  @inline(__always)
  mutating func append(_ slot: UInt32) -> UInt32 {
    places[next] = slot
    next &+= 1
    if next == capacity { next = 0 }
    return places[next]
  }

  var count: Int { places[next] == noIndex ? next : capacity - 1 }

  /// By age: 0 is the newest.
  subscript(age age: Int) -> UInt32 {
    places[(next + capacity - 1 - age) % capacity]
  }
}
