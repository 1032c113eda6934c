import CRecord
import UringRecords

/// The last events, written in place.
struct EventLog: ~Copyable {
  private let storage: UnsafeMutablePointer<Event>
  private let end: UnsafeMutablePointer<Event>
  /// Place of the event that is being made; never one of the ``count`` in the log.
  private var place: UnsafeMutablePointer<Event>
  private let capacity: Int
  private var isFull = false
  /// Events in the log.
  var count: Int { isFull ? capacity : place - storage }

  init(capacity: Int) {
    self.capacity = max(capacity, 1)
    storage = .allocate(capacity: self.capacity + 1)
    storage.initialize(
      repeating: Event(
        time: 0, request: 0, ring: 0, kind: .lost, opcode: Opcode(rawValue: 0), userData: 0,
        value: 0,
        tid: 0, flags: 0),
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

  /// Adds the event that a submission or completion will be, which must stay where it is until
  /// ``complete()``: most events of a long run are displaced before anybody wants to know.
  @inline(__always)
  mutating func appendLater(
    _ record: UnsafePointer<record>, request: Request.ID, ring: Ring.ID
  ) {
    place.pointee.time = UInt64(UInt(bitPattern: record))
    place.pointee.request = request
    place.pointee.ring = ring
    place.pointee.kind = Self.later
    commit()
  }

  /// Of no record.
  private static var later: RecordKind { RecordKind(rawValue: 255).unsafelyUnwrapped }

  /// Makes the events that were put off.
  @inline(never)
  func complete() {
    for place in storage..<end where place.pointee.kind == Self.later {
      guard let record = UnsafePointer<record>(bitPattern: UInt(place.pointee.time)) else {
        continue
      }
      let (request, ring) = (place.pointee.request, place.pointee.ring)
      place.pointee =
        record.pointee.kind == .submit
        ? Event(record.body(as: record_submit.self), request: request, ring: ring)
        : Event(record.body(as: record_complete.self), request: request, ring: ring)
    }
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
    if place == end {
      place = storage
      isFull = true
    }
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

extension Event {
  @inline(__always)
  init(_ record: UnsafePointer<record_submit>, request: Request.ID, ring: Ring.ID) {
    let header = record.pointee.base
    self.init(
      time: header.time_ns, request: request, ring: ring, kind: header.kind,
      opcode: Opcode(rawValue: header.opcode), userData: record.pointee.sqe.user_data,
      value: record.pointee.sqe_is_known != 0 ? Int64(record.pointee.sqe.fd) : -1, tid: header.tid,
      flags: UInt32(truncatingIfNeeded: record.pointee.flags & 0xff))
  }

  @inline(__always)
  init(_ record: UnsafePointer<record_complete>, request: Request.ID, ring: Ring.ID) {
    let header = record.pointee.base
    self.init(
      time: header.time_ns, request: request, ring: ring, kind: header.kind,
      opcode: Opcode(rawValue: header.opcode), userData: record.pointee.user_data,
      value: Int64(record.pointee.res), tid: header.tid, flags: record.pointee.cflags)
  }
}

extension UnsafePointer<record_submit> {
  @inline(__always)
  var header: UnsafePointer<record> {
    UnsafeRawPointer(self).assumingMemoryBound(to: record.self)
  }
}

extension UnsafePointer<record_complete> {
  @inline(__always)
  var header: UnsafePointer<record> {
    UnsafeRawPointer(self).assumingMemoryBound(to: record.self)
  }
}
