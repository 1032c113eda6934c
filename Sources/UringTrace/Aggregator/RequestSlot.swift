import CRecord

/// A request with what only the aggregator needs of it.
///
/// Ordered so that what every request writes are the first 256 bytes: four lines of a processor's cache.
struct RequestSlot {
  /// SEND_ZC: the `io_kiocb` that will post the notification, else 0.
  var notification: UInt64 = 0
  /// When the request before it in the chain was done, 0 if not yet.
  var releasedTime: UInt64 = 0
  /// Number in the pool of rings.
  var ring = noIndex
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
  /// Its submission was seen, and it is in no chain and in no index: while it has no other step either, its
  /// only CQE ends it as any other.
  var isPlain = false
  /// A group below must be told when it ends.
  var isInGroup = false
  /// Something of its groups below was set, by this request or one before it in the slot.
  var hasGroupFields = false
  /// Completes with an I/O of ublk.
  var delivers = false

  var request = Request()

  /// The neighbours' slots in the chain, see ``SlotLink/chain``.
  var chainPrevious = noIndex
  var chainNext = noIndex
  /// Neighbours in ``UserDataIndex``.
  var indexPrevious = noIndex
  var indexNext = noIndex
  /// What it is as the member of a group.
  var member = noIndex
  /// The group that it leads, and that it takes the buffer of away, with their ids.
  var led = noIndex
  var withdraws = noIndex
  /// The queue's tag that a ublk command is for.
  var ublkTag = noIndex
  var ledID: RequestGroup.ID = 0
  var withdrawsID: RequestGroup.ID = 0
}

// In place and each in one go: the fields are written together, without looking up the slot for each.
extension RequestSlot {
  /// Makes it a new request with what every request has. What ``describe(_:isKnown:flags:tgid:tid:isSQThread:)``
  /// says, and steps beyond the count, are left over from the one before.
  @inline(__always)
  mutating func begin(
    _ header: record, ring: UInt32, ringID: Ring.ID, id: Request.ID, isPlain: Bool = false
  ) {
    notification = 0
    releasedTime = 0
    self.ring = ring
    isIndexed = false
    isMultishot = false
    isLinkCancelled = false
    isSilent = false
    isLatencyRecorded = false
    isEvicted = false
    self.isPlain = isPlain
    if hasGroupFields { clearGroupFields() }
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
    request.preparationError = 0
    request.stepCount = 0
    request.state = .submitted
    request.opcode = Opcode(rawValue: header.opcode)
    request.hasResult = false
    request.isStartKnown = true
    request.isEndDerived = false
    request.chain = 0
    request.group = 0
    request.shortWriteBytes = 0
    request.kernelKnowledge = []
  }

  /// What the submission and the preparation failure tell alike.
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

  /// Its end matters to a group.
  mutating func joinGroup() {
    isInGroup = true
    hasGroupFields = true
    isPlain = false
  }

  @inline(never)
  private mutating func clearGroupFields() {
    isInGroup = false
    hasGroupFields = false
    delivers = false
    member = noIndex
    led = noIndex
    withdrawsID = 0
  }

  /// Notes a CQE with a result.
  @inline(__always)
  mutating func take(result: Int32, flags: UInt32, tid: UInt32) {
    request.completerTid = tid
    request.result = result
    request.cqeFlags = flags
    request.cqeCount &+= 1
    request.hasResult = true
  }

  @inline(__always)
  mutating func addStep(_ kind: Step.Kind, time: UInt64, tid: UInt32) {
    let place = min(Int(request.stepCount), Request.stepCapacity - 1)
    request.stepStorage[unchecked: place] = Step(time: time, tid: tid, kind: kind)
    request.stepCount &+= 1
    // It has moved on from where it was seen.
    request.place = .unknown
    // Records of different CPUs can arrive slightly out of order.
    if time > request.lastTime { request.lastTime = time }
  }
}

extension UInt64 {
  /// Nanoseconds from `earlier` to this time, 0 if the two are out of order.
  @inline(__always)
  package func since(_ earlier: UInt64) -> UInt64 {
    self > earlier ? self &- earlier : 0
  }
}
