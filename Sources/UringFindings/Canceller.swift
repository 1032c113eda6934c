import UringTrace

extension Request {
  /// True if this request names `other` as the one to cancel or remove, by its `user_data`.
  borrowing func aims(at other: borrowing Request) -> Bool {
    guard self.opcode.cancels, self.isSQEKnown, self.startTime <= other.lastTime,
      // Without flags such as IORING_ASYNC_CANCEL_FD, `addr` names the target.
      self.sqe.op_flags == 0, self.sqe.len == 0
    else { return false }
    return self.sqe.addr == other.userData
  }

  /// True if this request has ended with success, and names `other` as the one that it cancelled.
  borrowing func hasCancelled(_ other: borrowing Request) -> Bool {
    guard self.hasResult, self.result >= 0, self.lastTime >= other.startTime else { return false }
    return self.aims(at: other)
  }
}

extension Snapshot {
  /// The request that cancelled another request of its ring; nil unless exactly one named that
  /// request by its `user_data`. It can still be in flight, because the kernel may post the CQE of
  /// the cancelled request first.
  public func canceller(of request: Request) -> Request? {
    var found: [Request] = []
    for other in recent where other.ring == request.ring && other.hasCancelled(request) {
      found.append(other)
    }
    for other in requests where other.ring == request.ring && !other.hasResult {
      if other.aims(at: request) { found.append(other) }
    }
    return found.count == 1 ? found[0] : nil
  }
}
