/// The stage of a tag in the server.
enum Stage: Sendable {
  /// The driver does not have the tag: before the first FETCH, or after an abort.
  case idle
  /// The tag waits in the driver for an I/O.
  case fetched
  /// The buffer is being registered; a member can be linked behind the registration.
  case registering
  /// A write's data are being copied from /dev/ublkcN (user copy).
  case copyingIn
  case members
  /// A read's data are being copied to /dev/ublkcN (user copy).
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

/// A part of an I/O's data. One member (request) transfers it. After a short result, another member
/// transfers the rest.
struct MemberPart {
  /// Offset from the I/O's start, and length, in bytes.
  var offset: Int
  var length: Int
  var moved = 0
}

/// The state of a tag and of its current I/O.
struct TagState {
  var stage = Stage.idle
  var record = IORecord(queue: 0, tag: 0)
  /// `op_flags` of the descriptor: `UBLK_IO_F_*` and the operation.
  var flags: UInt32 = 0
  var parts: [MemberPart] = []
  /// Number of requests of the I/O that have not completed. FETCH and COMMIT_AND_FETCH do not
  /// count.
  var outstanding = 0
  /// The first error of the I/O as a negative errno; 0 if there is none.
  var error: Int32 = 0
  /// True if the server's REGISTER_IO_BUF succeeded, so that the server must unregister the buffer.
  var isRegistered = false
  /// True while UNREGISTER_IO_BUF is in flight. The record is logged when this command completes.
  var isUnregistering = false
  /// True if the slow member was released.
  var isDetourOpen = false
  /// The file that a slow or a short member uses instead of the backing file.
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

  /// Bytes transferred, counted from the start of the I/O up to the first gap.
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
  /// The record of a tag that never had an I/O.
  init(queue: UInt16, tag: UInt16) {
    self.init(
      number: 0, queue: queue, tag: tag, operation: .unknown, sector: 0, length: 0, fetched: 0)
  }
}
