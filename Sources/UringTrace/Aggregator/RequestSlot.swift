/// A request with what only the aggregator needs of it.
struct RequestSlot {
  /// SEND_ZC: the `io_kiocb` that will post the notification, else 0.
  var notification: UInt64 = 0
  /// When the request before it in the chain was done, 0 if not yet.
  var releasedTime: UInt64 = 0
  /// Number in the pool of rings.
  var ring = noIndex
  /// Number in the pool of chains, and the neighbours' slots there.
  var chain = noIndex
  var chainPrevious = noIndex
  var chainNext = noIndex
  /// Neighbours in ``UserDataIndex``.
  var indexPrevious = noIndex
  var indexNext = noIndex
  var isIndexed = false
  /// Can post several CQEs.
  var isMultishot = false
  /// Named as cancelled by `io_uring_fail_link`.
  var isLinkCancelled = false
  /// Cancelled behind a failed request with IOSQE_CQE_SKIP_SUCCESS: no CQE will tell.
  var isSilent = false
  var isLatencyRecorded = false
  /// No longer in the history; kept for its chain.
  var isEvicted = false

  var request = Request()
}

extension RequestSlot {
  @inline(__always)
  mutating func addStep(_ kind: Step.Kind, time: UInt64, tid: UInt32) {
    let place = min(Int(request.stepCount), Request.stepCapacity - 1)
    request.stepStorage[unchecked: place] = Step(time: time, tid: tid, kind: kind)
    request.stepCount &+= 1
    // Records of different CPUs can arrive slightly out of order.
    if time > request.lastTime { request.lastTime = time }
  }
}

extension UInt64 {
  /// Nanoseconds from `earlier` to this time, 0 if the two are out of order.
  @inline(__always)
  func since(_ earlier: UInt64) -> UInt64 {
    self > earlier ? self &- earlier : 0
  }
}
