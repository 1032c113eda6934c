/// What the server has to do with a tag next.
enum Stage: Sendable {
  /// Not with the driver.
  case idle
  /// In the driver.
  case fetched
  /// The buffer is being registered; members may be linked behind.
  case registering
  /// A write's data come over /dev/ublkcN (user copy).
  case copyingIn
  case members
  /// A read's data go over /dev/ublkcN (user copy).
  case copyingOut
  case committing
  case held

  var phase: TagPhase {
    switch self {
    case .idle: .idle
    case .fetched: .fetched
    case .registering, .copyingIn: .provided
    case .members, .copyingOut: .running
    case .committing: .committing
    case .held: .held
    }
  }
}

/// A part of the I/O, moved by one member and those that follow where it was short.
struct MemberPart {
  /// Bytes from the I/O's start, and to move.
  var offset: Int
  var length: Int
  var moved = 0
}

/// An I/O in the server's hands.
struct TagState {
  var stage = Stage.idle
  var record = IORecord(queue: 0, tag: 0)
  /// `UBLK_IO_F_*` and operation of the descriptor.
  var flags: UInt32 = 0
  var parts: [MemberPart] = []
  /// Requests whose completions are awaited, without the fetch.
  var outstanding = 0
  /// The first error, a negative errno.
  var error: Int32 = 0
  /// Our REGISTER_IO_BUF succeeded: we must unregister.
  var isRegistered = false
  /// UNREGISTER_IO_BUF is under way: its completion ends the record.
  var isUnregistering = false
  /// The slow member was let go on.
  var isDetourOpen = false
  /// Stands in for the backing of a slow or a short member.
  var detour: Detour?

  mutating func begin(_ record: IORecord, flags: UInt32) {
    self.record = record
    self.flags = flags
    parts.removeAll(keepingCapacity: true)
    outstanding = 0
    error = 0
    isRegistered = false
    isUnregistering = false
    isDetourOpen = false
    detour = nil
  }

  mutating func fail(_ code: Int32) {
    if error == 0 { error = code }
  }

  /// Bytes moved without a gap from the start.
  var movedPrefix: Int {
    var total = 0
    for part in parts {
      total += part.moved
      if part.moved < part.length { break }
    }
    return total
  }
}

extension IORecord {
  /// Of a tag that never had an I/O.
  init(queue: UInt16, tag: UInt16) {
    self.init(
      number: 0, queue: queue, tag: tag, operation: .unknown, sector: 0, length: 0, fetched: 0)
  }
}
