import UringTrace

/// Commands of the ublk server, from include/uapi/linux/ublk_cmd.h.
enum ServerCommand: UInt32 {
  case fetch = 0xc010_7520
  case commitAndFetch = 0xc010_7521
  case register = 0xc010_7523

  var isFetch: Bool { self != .register }

  static func of(_ request: Request) -> (ServerCommand, payload: (queue: UInt16, tag: UInt16))? {
    guard request.opcode.name == "URING_CMD", request.isSQEKnown,
      let command = ServerCommand(rawValue: UInt32(truncatingIfNeeded: request.sqe.off))
    else { return nil }
    let payload = request.sqe.addr3
    return (
      command, (UInt16(truncatingIfNeeded: payload), UInt16(truncatingIfNeeded: payload >> 16))
    )
  }
}

/// The parts of the `user_data` that the ublk target gives its requests
/// (`QueueServer.userData(_:_:member:)`).
struct TargetUserData {
  enum Kind: UInt8 {
    case fetch = 1
    case register, copyIn, member, copyOut, unregister
  }

  var kind: Kind?
  var tag: UInt16

  init(_ value: UInt64) {
    kind = Kind(rawValue: UInt8(value >> 56))
    tag = UInt16(truncatingIfNeeded: value)
  }

  init(_ request: Request) { self.init(request.userData) }
}
