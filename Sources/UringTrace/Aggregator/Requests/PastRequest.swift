/// An ended request in the history.
///
/// Most requests have only a submission and a completion. For such a request the history keeps only
/// the fields that differ between requests. These take 136 bytes, so that the entries stay in the
/// processor's cache. The request's slot, which is twice as large, is reused at once. Other
/// requests keep their slot.
struct PastRequest {
  var id: Request.ID = 0
  var address: UInt64 = 0
  var flags: UInt64 = 0
  var startTime: UInt64 = 0
  var sqe = SQE()
  /// The slot of a request with more steps or facts than fit here; else none.
  var slot = Handle<RequestSlot>.none
  /// Nanoseconds from the submission to the completion.
  var duration: UInt32 = 0
  var ring = Handle<RingState>.none
  var ringID: Ring.ID = 0
  var submitterTid: UInt32 = 0
  var submitterTgid: UInt32 = 0
  var completerTid: UInt32 = 0
  var result: Int32 = 0
  var cqeFlags: UInt32 = 0
  var isSubmittedBySQThread = false

  init() {}

  init(slot: Handle<RequestSlot>) { self.slot = slot }

  /// Creates the entry for a slot's request that completes at `time`. Returns nil if the request
  /// has more steps or facts than fit here.
  @inline(__always)
  init?(
    _ slot: UnsafeMutablePointer<RequestSlot>, until time: UInt64, tid: UInt32,
    result: Int32, cqeFlags: UInt32
  ) {
    let duration = time &- slot.pointee.request.startTime
    guard slot.pointee.request.stepCount == 1, duration <= UInt64(UInt32.max),
      slot.pointee.request.cqeCount == 0,
      slot.pointee.request.userStackNumber == 0,
      slot.pointee.request.isSQEKnown, slot.pointee.extra == .none, slot.pointee.lending == .none
    else { return nil }
    id = slot.pointee.request.id
    address = slot.pointee.request.address
    flags = slot.pointee.request.flags
    startTime = slot.pointee.request.startTime
    sqe = slot.pointee.request.sqe
    self.duration = UInt32(truncatingIfNeeded: duration)
    ring = slot.pointee.ring
    ringID = slot.pointee.request.ring
    submitterTid = slot.pointee.request.submitterTid
    submitterTgid = slot.pointee.request.submitterTgid
    completerTid = tid
    self.result = result
    self.cqeFlags = cqeFlags
    isSubmittedBySQThread = slot.pointee.request.isSubmittedBySQThread
  }

  var lastTime: UInt64 { startTime &+ UInt64(duration) }

  /// The full request; meaningful only if the entry has no slot.
  var request: Request {
    var request = Request()
    request.id = id
    request.address = address
    request.userData = sqe.user_data
    request.flags = flags
    request.startTime = startTime
    request.lastTime = lastTime
    request.ring = ringID
    request.submitterTid = submitterTid
    request.submitterTgid = submitterTgid
    request.completerTid = completerTid
    request.result = result
    request.cqeFlags = cqeFlags
    request.cqeCount = 1
    request.state = .completed
    request.hasResult = true
    request.isSQEKnown = true
    request.isStartKnown = true
    request.opcode = Opcode(rawValue: sqe.opcode)
    request.isSubmittedBySQThread = isSubmittedBySQThread
    request.sqe = sqe
    request.append(Step(time: startTime, tid: submitterTid, kind: .submitted))
    request.append(Step(time: lastTime, tid: completerTid, kind: .completed))
    return request
  }
}
