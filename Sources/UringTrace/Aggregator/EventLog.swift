import CRecord
import UringRecords

/// The last events, stored in a circular buffer.
struct EventLog: ~Copyable {
  private let storage: UnsafeMutablePointer<Event>
  private let end: UnsafeMutablePointer<Event>
  /// The slot for the next event; never one of the ``count`` events in the log.
  private var next: UnsafeMutablePointer<Event>
  private let capacity: Int
  private var isFull = false
  var count: Int { isFull ? capacity : next - storage }

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
    next = storage
  }

  deinit {
    storage.deallocate()
  }

  /// Event of the last record.
  private var last = Last.logged

  private enum Last {
    case logged
    case unlogged(Event)
    /// The record was invalid, or is not an event of a request.
    case none
  }

  @inline(__always)
  mutating func append(_ event: Event) {
    next.pointee = event
    commit()
  }

  /// Reserves an entry for the event of a submission or completion. Only ``complete()`` builds the
  /// event, because in a long run most events are displaced before anything reads them. The record
  /// must stay at its address until then.
  @inline(__always)
  mutating func appendLater(
    _ record: UnsafePointer<record>, request: Request.ID, ring: Ring.ID
  ) {
    next.pointee.time = UInt64(UInt(bitPattern: record))
    next.pointee.request = request
    next.pointee.ring = ring
    next.pointee.kind = Self.later
    commit()
  }

  /// Kind that marks an entry reserved by ``appendLater(_:request:ring:)``; no record has this
  /// kind.
  private static var later: RecordKind { RecordKind(rawValue: 255).unsafelyUnwrapped }

  /// Builds the events reserved by ``appendLater(_:request:ring:)``.
  @inline(never)
  mutating func complete() {
    for slot in storage..<end where slot.pointee.kind == Self.later {
      guard let record = UnsafePointer<record>(bitPattern: UInt(slot.pointee.time)) else {
        continue
      }
      let (request, ring) = (slot.pointee.request, slot.pointee.ring)
      slot.pointee =
        record.pointee.kind == .submit
        ? Event(record.body(as: record_submit.self), request: request, ring: ring)
        : Event(record.body(as: record_complete.self), request: request, ring: ring)
    }
  }

  /// Sets the last record's event, which the log does not keep.
  mutating func setUnlogged(_ event: Event) {
    last = .unlogged(event)
    isLastLogged = false
  }

  /// Notes that the last record was invalid, or is not an event of a request.
  mutating func noteNone() {
    last = .none
    isLastLogged = false
  }

  /// The event of the last record; nil if the record was invalid or is not an event of a request.
  var lastRecordsEvent: Event? {
    switch last {
    case .logged: count == 0 ? nil : next == storage ? storage[capacity] : next[-1]
    case .unlogged(let event): event
    case .none: nil
    }
  }

  @inline(__always)
  private mutating func commit() {
    next += 1
    if next == end {
      next = storage
      isFull = true
    }
    if !isLastLogged { noteLogged() }
  }

  private var isLastLogged = true

  @inline(never)
  private mutating func noteLogged() {
    last = .logged
    isLastLogged = true
  }

  /// Events in the log, oldest first.
  func events() -> [Event] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      let first = next - storage + capacity + 1 - count
      for offset in 0..<count {
        buffer.initializeElement(at: offset, to: storage[(first + offset) % (capacity + 1)])
      }
      initialized = count
    }
  }
}

extension Event {
  /// Creates a record's event from the record's header alone.
  @inline(__always)
  package init(unnamed record: UnsafePointer<record>) {
    self.init(
      time: record.pointee.time_ns, request: 0, ring: 0, kind: record.pointee.kind,
      opcode: Opcode(rawValue: record.pointee.opcode), userData: 0, value: 0,
      tid: record.pointee.tid, flags: 0)
  }

  /// Makes the event refer to this request.
  @inline(__always)
  mutating func name(_ slot: borrowing RequestSlot) {
    request = slot.request.id
    userData = slot.request.userData
    isUserDataKnown = slot.request.isUserDataKnown
    opcode = slot.request.opcode
  }

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
