/// The last events, written in place.
struct EventLog: ~Copyable {
  private let storage: UnsafeMutablePointer<Event>
  private let end: UnsafeMutablePointer<Event>
  /// Place of the event that is being made; never one of the ``count`` in the log.
  private var place: UnsafeMutablePointer<Event>
  private let capacity: Int
  private var total = 0
  /// Events in the log.
  var count: Int { min(total, capacity) }

  init(capacity: Int) {
    self.capacity = max(capacity, 1)
    storage = .allocate(capacity: self.capacity + 1)
    storage.initialize(
      repeating: Event(
        time: 0, request: 0, userData: 0, value: 0, ring: 0, tid: 0, flags: 0, kind: .end,
        opcode: Opcode(rawValue: 0)),
      count: self.capacity + 1)
    end = storage + (self.capacity + 1)
    place = storage
  }

  deinit {
    storage.deallocate()
  }

  /// Adds an event.
  @inline(__always)
  mutating func append(_ event: Event) {
    place.pointee = event
    commit()
  }

  /// The event that is being made.
  var current: Event {
    @inline(__always)
    unsafeAddress { UnsafePointer(place) }
    @inline(__always)
    nonmutating unsafeMutableAddress { place }
  }

  /// The event stays in the log; the next one takes another place.
  @inline(__always)
  mutating func commit() {
    place += 1
    if place == end { place = storage }
    total &+= 1
  }

  /// The event committed last.
  var last: Event {
    place == storage ? storage[capacity] : place[-1]
  }

  /// Oldest first.
  func events() -> [Event] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      let first = place - storage + capacity + 1 - count
      for offset in 0..<count {
        buffer.initializeElement(at: offset, to: storage[(first + offset) % (capacity + 1)])
      }
      initialized = count
    }
  }
}
