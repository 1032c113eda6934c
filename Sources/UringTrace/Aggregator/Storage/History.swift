/// The elements of a ``Pool`` that have ended, in order of their end.
struct History<Element: ~Copyable>: ~Copyable {
  /// A circle. The entry at ``next`` is free, or holds the element that left last.
  private let entries: UnsafeMutablePointer<Handle<Element>>
  /// One more than are kept: the newest enters before the oldest leaves.
  private let capacity: Int
  private var next = 0

  init(limit: Int) {
    capacity = max(limit, 0) + 1
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: .none, count: capacity)
  }

  deinit {
    entries.deallocate()
  }

  /// Takes an element in. Returns the one that leaves for it, none while there is room.
  @inline(__always)
  mutating func append(_ element: Handle<Element>) -> Handle<Element> {
    entries[next] = element
    next &+= 1
    if next == capacity { next = 0 }
    return entries[next]
  }

  var count: Int { entries[next] == .none ? next : capacity - 1 }

  /// The next one makes the oldest leave.
  var isFull: Bool { entries[next] != .none }

  /// None if nothing is kept.
  var oldest: Handle<Element> { count > 0 ? self[age: count - 1] : .none }

  /// By age: 0 is the newest.
  subscript(age age: Int) -> Handle<Element> {
    entries[(next + capacity - 1 - age) % capacity]
  }
}
