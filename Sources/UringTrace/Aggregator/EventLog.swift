/// The last events, written in place.
struct EventLog: ~Copyable {
  private let storage: UnsafeMutablePointer<Event>
  private let capacity: Int
  /// Place of the event that is being made; never one of the ``count`` in the log.
  private var next = 0
  /// Events in the log.
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = max(capacity, 1)
    storage = .allocate(capacity: self.capacity + 1)
    storage.initialize(
      repeating: Event(
        time: 0, request: 0, userData: 0, value: 0, ring: 0, tid: 0, flags: 0, kind: .end,
        opcode: Opcode(rawValue: 0)),
      count: self.capacity + 1)
  }

  deinit {
    storage.deallocate()
  }

  /// The event that is being made.
  var current: Event {
    @inline(__always)
    unsafeAddress { UnsafePointer(storage + next) }
    @inline(__always)
    nonmutating unsafeMutableAddress { storage + next }
  }

  /// The event stays in the log; the next one takes another place.
  @inline(__always)
  mutating func commit() {
    next &+= 1
    if next > capacity { next = 0 }
    if count < capacity { count &+= 1 }
  }

  /// The event committed last.
  var last: Event {
    storage[next == 0 ? capacity : next - 1]
  }

  /// Oldest first.
  func events() -> [Event] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      for offset in 0..<count {
        buffer.initializeElement(
          at: offset, to: storage[(next + capacity + 1 - count + offset) % (capacity + 1)])
      }
      initialized = count
    }
  }
}
