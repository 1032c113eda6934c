import UringTrace

/// Properties of opcodes that rules need.
extension Opcode {
  static let pollAdd = Opcode(rawValue: 6)
  static let accept = Opcode(rawValue: 13)
  static let close = Opcode(rawValue: 19)
  static let epollWait = Opcode(rawValue: 59)

  /// True for POLL_REMOVE, TIMEOUT_REMOVE and ASYNC_CANCEL, which end or change another request.
  var cancels: Bool { [7, 12, 14].contains(rawValue) }

  /// True if waiting is the opcode's purpose: the latency of other requests then does not show how
  /// long a request should take.
  var waitsByNature: Bool {
    let properties = properties
    return properties.parksSilently && properties.direction == .none || self == .accept
      || self == .epollWait
  }
}

extension Request {
  /// True if the request can post several CQEs: its SQE has the multishot bit, or the SQE is not
  /// known.
  var mayBeMultishot: Bool {
    switch self.opcode.properties.multishot {
    case .never: false
    case .always: true
    case .ioprio(let bits): !self.isSQEKnown || self.sqe.ioprio & bits != 0
    case .length(let bits): !knows(.len) || self.sqe.len & bits != 0
    case .flags(let bits): !knows(.opFlags) || self.sqe.op_flags & bits != 0
    }
  }
}
