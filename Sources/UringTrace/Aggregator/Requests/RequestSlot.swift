import CRecord

/// A request, and the state of the request that only the aggregator needs.
///
/// The fields that are written for every request come first.
struct RequestSlot: Listed, BitwiseCopyable {
  /// Zero-copy sends: address of the `io_kiocb` that will post the notification; 0 for other
  /// requests.
  var notification: UInt64 = 0
  var ring = Handle<RingState>.none
  /// True if the request is in the ``UserDataIndex``.
  var isIndexed = false
  /// True if the request can post several CQEs.
  var isMultishot = false
  /// True if `io_uring_fail_link` named the request as cancelled.
  var isLinkCancelled = false
  /// True if the request was cancelled behind a failed request with IOSQE_CQE_SKIP_SUCCESS. It then
  /// posts no CQE.
  var isSilent = false
  var isLatencyRecorded = false
  /// True if the request's only CQE can end it on the fast path (Aggregator+Plain.swift): its
  /// submission was seen, its preparation has not failed, its latency is not recorded yet, and it
  /// has no chain, no entry in the index and no part in lending.
  var isPlain = false
  /// True if the lending tracker must be informed of the request's end.
  var isLending = false
  /// Kind of the last step; meaningful if the request has a step.
  var lastStep = Step.Kind.submitted
  /// Handle of the facts that only some requests have, which ``RequestTracker`` keeps; none if the
  /// request has no such facts.
  var extra = Handle<Request.Extra>.none
  /// Handle of the request's part in the lending of buffers, which ``LendingTracker`` keeps; none
  /// if the request has no part in it.
  var lending = Handle<RequestLending>.none

  var request = Request.Core()

  /// Neighbours in ``UserDataIndex``.
  var link = ListLink<RequestSlot>()
}

// These functions change a slot in place and write the fields together, without looking up the slot
// for each field.
extension RequestSlot {
  /// Begins a new request: sets the fields that every request has. The fields that
  /// ``describe(_:isKnown:flags:tgid:tid:isSQThread:)`` sets, and the steps beyond the step count,
  /// keep the values of the slot's previous request.
  @inline(__always)
  mutating func begin(
    _ header: record, ring: Handle<RingState>, ringID: Ring.ID, id: Request.ID,
    isPlain: Bool = false
  ) {
    notification = 0
    self.ring = ring
    isIndexed = false
    isMultishot = false
    isLinkCancelled = false
    isSilent = false
    isLatencyRecorded = false
    self.isPlain = isPlain
    isLending = false
    extra = .none
    lending = .none
    request.id = id
    request.address = header.req
    request.startTime = header.time_ns
    request.lastTime = header.time_ns
    request.ring = ringID
    request.completerTid = 0
    request.result = 0
    request.cqeFlags = 0
    request.cqeCount = 0
    request.pollEvents = 0
    request.stepCount = 0
    request.state = .submitted
    request.opcode = Opcode(rawValue: header.opcode)
    request.hasResult = false
    request.isStartKnown = true
    request.isEndDerived = false
    request.group = 0
    request.userStackNumber = 0
    request.kernelKnowledge = []
    request.isUserDataKnown = true
  }

  /// Sets the fields that both a `submit` record and a `req_failed` record contain.
  @inline(__always)
  mutating func describe(
    _ sqe: UnsafePointer<SQE>, isKnown: Bool, flags: UInt64, tgid: UInt32, tid: UInt32,
    isSQThread: Bool
  ) {
    request.userData = sqe.pointee.user_data
    request.flags = flags
    request.submitterTid = tid
    request.submitterTgid = tgid
    request.isSQEKnown = isKnown
    request.isSubmittedBySQThread = isSQThread
    request.sqe = sqe.pointee
  }

  /// Makes the lending tracker follow the request until it ends.
  mutating func joinLending() {
    isLending = true
    isPlain = false
  }

  /// True if the last step is the network stack's release of a zero-copy send's memory.
  var isNotified: Bool { request.stepCount > 0 && lastStep.isNotification }

  /// Records a CQE with a result. (A notification has none.)
  @inline(__always)
  mutating func take(result: Int32, flags: UInt32, tid: UInt32) {
    request.completerTid = tid
    request.result = result
    request.cqeFlags = flags
    request.cqeCount &+= 1
    request.hasResult = true
  }
}

extension UInt64 {
  /// Nanoseconds from `earlier` to this time; 0 if `earlier` is later.
  @inline(__always)
  package func since(_ earlier: UInt64) -> UInt64 {
    self > earlier ? self &- earlier : 0
  }
}
