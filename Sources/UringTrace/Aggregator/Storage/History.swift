/// The elements of a ``Pool`` that have ended, in order of their end.
struct History<Element: ~Copyable>: ~Copyable {
  /// A circular buffer. The entry at ``next`` is free, or holds the element that left last.
  private let entries: UnsafeMutablePointer<Handle<Element>>
  /// One more than the number kept: the newest element enters before the oldest leaves.
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

  /// Adds an element. Returns the element displaced; none while there is room.
  @inline(__always)
  mutating func append(_ element: Handle<Element>) -> Handle<Element> {
    entries[next] = element
    next &+= 1
    if next == capacity { next = 0 }
    return entries[next]
  }

  var count: Int { entries[next] == .none ? next : capacity - 1 }

  /// True if the next element displaces the oldest.
  var isFull: Bool { entries[next] != .none }

  /// The oldest element; none if the history is empty.
  var oldest: Handle<Element> { count > 0 ? self[age: count - 1] : .none }

  /// The element of an age: 0 is the newest.
  subscript(age age: Int) -> Handle<Element> {
    entries[(next + capacity - 1 - age) % capacity]
  }
}
