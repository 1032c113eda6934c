/// The state of a tag in the server.
enum Stage: Sendable {
  /// Not with the driver.
  case idle
  /// Waiting in the driver.
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

/// A part of the I/O. One member transfers it, with followers after short ones.
struct MemberPart {
  /// Offset from the I/O's start, and length, in bytes.
  var offset: Int
  var length: Int
  var moved = 0
}

/// An I/O that the server has.
struct TagState {
  var stage = Stage.idle
  var record = IORecord(queue: 0, tag: 0)
  /// `UBLK_IO_F_*` and operation of the descriptor.
  var flags: UInt32 = 0
  var parts: [MemberPart] = []
  /// Requests that have not completed, without the fetch.
  var outstanding = 0
  /// The first error, a negative errno.
  var error: Int32 = 0
  /// True if our REGISTER_IO_BUF succeeded, so we must unregister.
  var isRegistered = false
  /// True while UNREGISTER_IO_BUF is in flight; its completion ends the record.
  var isUnregistering = false
  /// True if the slow member was released.
  var isDetourOpen = false
  /// Takes the place of the backing for a slow or a short member.
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

  /// Bytes transferred, counted from the start up to the first gap.
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
