import CRecord
import UringRecords

/// Handlers of the records of inventory walks (BPF iterators over kernel structures).
extension Aggregator {
  /// The kernel addresses of a request in flight and of its ring.
  public func kernelAddress(of request: Request.ID) -> SuspectRequest? {
    var found: SuspectRequest?
    requests.forEachInFlight { _, slot in
      guard slot.request.id == request else { return true }
      found = SuspectRequest(
        ring: rings[slot.ring].ring.address, request: slot.request.address)
      return false
    }
    return found
  }

  // MARK: Requests

  /// Handles a request that a walk found in flight. The record contains the request's ``Place``:
  /// where in the kernel it waits. Ignores the place if a record about the request is newer than
  /// the walk.
  mutating func parked(_ record: UnsafePointer<record_parked>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    event.userData = record.pointee.user_data
    switch requests.occupant(of: header.req) {
    case .notification(let slot):
      guard requests[slot].ring == ring, record.pointee.place == .network,
        requests[slot].request.state == .awaitingNotification,
        requests[slot].request.lastTime <= header.time_ns
      else { return }
      settle(slot, record, &event)
    case .request(let slot):
      let isNewer = requests[slot].request.lastTime > header.time_ns
      guard requests.isPlausible(header, for: slot, ring: ring),
        requests[slot].request.userData == record.pointee.user_data
          || !requests[slot].request.isStartKnown,
        // If records were lost since the walk, the newer record can be about another request: the
        // end of the request that the walk saw may be among the lost records.
        !isNewer || requests.lossTime <= header.time_ns
      else { return }
      // All earlier records about this request contained only its address, and no SQE fields.
      if !requests[slot].request.isStartKnown, requests[slot].request.submitterTid == 0 {
        describe(slot, record, ring: ring)
        // If these events are not 0, a multishot request counts as poll-armed again after its next
        // CQE.
        requests[slot].request.pollEvents = record.pointee.poll_events
      }
      if !isNewer { settle(slot, record, &event) }
    case .none, .ended:
      if requests.canBeFound(
        header, userData: record.pointee.user_data, ring: ring,
        isFromStart: !rings[ring].ring.isFound)
      {
        found(record, ring: ring, &event)
      }
    }
  }

  private mutating func found(
    _ record: UnsafePointer<record_parked>, ring: Handle<RingState>, _ event: inout Event
  ) {
    requests.makeRoomForFound()
    var header = record.pointee.base
    let time = header.time_ns
    // The `tid` of the record is the worker that executes the request, not the submitter.
    header.tid = record.pointee.submitter_tid
    let slot = beginUnknown(
      header, ring: ring, isOlder: record.pointee.since_ns < host.startTime, &event)
    requests.addStep(.found, to: slot, time: time, tid: 0)
    if record.pointee.notif != 0 {
      addNotification(record.pointee.notif, to: slot, Moment(time: time, tid: 0), &event)
    }
    let known = UInt32(record.pointee.known)
    requests[slot].request.isStartKnown = known & UInt32(RECORD_KNOWS_START) != 0
    // If the start is not known exactly, `since_ns` is only the latest possible time of the
    // submission, such as the time at which the submitting thread last ran. After lost records,
    // such a `since_ns` is used only if it proves that the request is older than the observation.
    if requests.lossTime == 0 || requests[slot].request.isStartKnown
      || record.pointee.since_ns < host.startTime
    {
      requests[slot].request.startTime = min(record.pointee.since_ns, time)
    }
    if requests[slot].request.startTime < host.startTime { requests.hasFound = true }
    describe(slot, record, ring: ring)
    // The kernel's structure still has the SQE's buffer index.
    if requests[slot].request.knows(.buffer) { borrow(slot, isLocal: false, &event) }
    if requests[slot].request.opcode.isDriverCommand { ublk.found(&requests[slot], lending) }
    settle(slot, record, &event)
    if record.pointee.place == .network {
      let (position, _) = requests.claim(header.req, now: clock.now)
      requests.setNotification(header.req, at: position, of: slot)
    }
  }

  /// Fills in the SQE fields of a request whose submission was not seen, as far as the kernel's
  /// structure still contains them.
  private mutating func describe(
    _ slot: Handle<RequestSlot>, _ record: UnsafePointer<record_parked>, ring: Handle<RingState>
  ) {
    requests.change(userDataOf: slot, to: record.pointee.user_data)
    requests[slot].describe(record)
    requests[slot].request.isSubmittedBySQThread =
      record.pointee.submitter_tid != 0
      && record.pointee.submitter_tid == rings[ring].ring.sqThreadTid
    requests[slot].isMultishot =
      UInt32(record.pointee.known) & UInt32(RECORD_KNOWS_MULTISHOT) != 0
    if !requests[slot].isIndexed, requests[slot].isMultishot || rings[ring].isIndexed {
      requests.addToIndex(slot)
    }
  }

  /// Records the ``Place`` of a request. If the record contains them, also records the queue and
  /// tag of the request's ublk command, and the previous request of its chain.
  private mutating func settle(
    _ slot: Handle<RequestSlot>, _ record: UnsafePointer<record_parked>, _ event: inout Event
  ) {
    requests.see(slot, record)
    if record.pointee.ublk != 0 {
      inventory.ublkSlot(UInt32(record.pointee.ublk), of: requests[slot].request.id)
    }
    if record.pointee.behind != 0 { link(slot, behind: record.pointee.behind) }
    event.name(requests[slot])
  }

  // MARK: Rings

  mutating func ringDepth(_ record: UnsafePointer<record_ring_depth>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    rings[ring].depth.look(
      sqPending: record.pointee.sq_pending, cqPending: record.pointee.cq_pending,
      rings[ring].ring.counts, at: record.pointee.base.time_ns)
    noteSQThread(record.pointee.sq_thread_ms, ring)
    rings[ring].ring.sqPending = record.pointee.sq_pending
    rings[ring].ring.cqPending = record.pointee.cq_pending
    rings[ring].ring.isOverflowed = record.pointee.is_overflowed != 0
    rings[ring].ring.isPolled = record.pointee.is_polled != 0
    rings[ring].ring.eventfd = record.pointee.eventfd
    rings[ring].ring.sqThread = Ring.SQThread(record.pointee.sq_thread)
    rings[ring].ring.waiter =
      record.pointee.waiters == 0
      ? nil
      : Ring.Waiter(
        tid: record.pointee.waiter_tid, tgid: record.pointee.waiter_tgid,
        count: record.pointee.waiters, missing: record.pointee.waiter_missing,
        asleepSince: asleepSince(record), isInIOWait: record.pointee.waiter_in_iowait != 0)
  }

  private func asleepSince(_ record: UnsafePointer<record_ring_depth>) -> UInt64? {
    let duration = UInt64(record.pointee.waiter_asleep_ms) * 1_000_000
    return duration == 0 || duration > record.pointee.base.time_ns
      ? nil : record.pointee.base.time_ns - duration
  }

  private mutating func noteSQThread(_ milliseconds: UInt32, _ ring: Handle<RingState>) {
    guard milliseconds != 0 else { return }
    // The CPU time that the thread used before the observation is subtracted. If the ring's
    // creation was seen, there is no such time.
    if rings[ring].ring.isFound, rings[ring].sqThreadStart == 0 {
      rings[ring].sqThreadStart = milliseconds
    }
    rings[ring].ring.sqThreadTime =
      UInt64(milliseconds &- rings[ring].sqThreadStart) * 1_000_000
  }

  mutating func ringBalance(_ record: UnsafePointer<record_ring_balance>, _ event: inout Event) {
    let time = record.pointee.base.time_ns
    let ring = enterRing(record.pointee.base, &event)
    rings[ring].ring.unsubmitted = []
    rings[ring].ring.lastTaken = nil
    rings[ring].ring.unreaped = []
    rings[ring].ring.reaped = []
    rings[ring].ring.files = []
    rings[ring].ring.balance = nil
    guard walks.admitsRecord() else { return }
    // Only a limited number of ended requests is kept. If more have ended since the walk, the
    // number of requests in flight at the time of the walk is unknown.
    let strangers = rings[ring].strangers.count(since: time)
    let method: Ring.Balance.Method =
      strangers == nil || requests.mayHaveForgottenEnds(after: time)
      ? .unknown : .init(record.pointee.method)
    let outstanding = record.pointee.outstanding
    var accounted = accounted(ring, at: time, withNotifications: method != .sequence)
    accounted += strangers ?? 0
    if accounted < outstanding {
      accounted += min(unfreed(ring, at: time), outstanding - accounted)
    }
    let balance = Ring.Balance(
      method: method, outstanding: outstanding, accounted: accounted,
      reached: record.pointee.reached, time: time)
    rings[ring].ring.balance = balance
    // Only an exact count proves that the ring has requests that no walk lists. A ring that was
    // created during the observation has none: all its requests are known.
    guard rings[ring].ring.isFound, method == .allocated || method == .references else { return }
    // The number of unlisted requests never grows, because all are older than the observation. The
    // minimum therefore removes a momentary miscount.
    rings[ring].ring.notListed =
      rings[ring].hasBalance
      ? min(rings[ring].ring.notListed, balance.unaccounted) : balance.unaccounted
    rings[ring].hasBalance = true
  }

  /// Number of requests of a ring that were in flight at `time`. A request whose start is unknown
  /// counts as begun by then.
  ///
  /// - Parameter withNotifications: true if a zero-copy send counts twice while its notification
  ///   has a live `io_kiocb` besides the send's own.
  private mutating func accounted(
    _ ring: Handle<RingState>, at time: UInt64, withNotifications: Bool
  ) -> UInt64 {
    var count: UInt64 = 0
    var ended = 0
    let looked = requests.forEachInFlight(of: ring) { _, slot in
      if slot.request.startTime <= time || !slot.request.isStartKnown {
        count += withNotifications && slot.hasUnpostedNotification ? 2 : 1
      }
      return true
    }
    requests.forEachEnded { request in
      guard request.lastTime > time else { return false }
      ended += 1
      if request.ring == ring, request.startTime <= time || !request.isStartKnown {
        count += 1
      }
      return true
    }
    walks.pay(passed: requests.count, looked: looked + ended / 4)
    return count
  }

  /// Number of requests of a ring that had ended by `time` but that the kernel may not have freed
  /// by then. If an io-wq worker completed a request, the submitting task frees the request when it
  /// next enters the kernel. A submission after the completion shows that the task has done so.
  private mutating func unfreed(_ ring: Handle<RingState>, at time: UInt64) -> UInt64 {
    // With DEFER_TASKRUN the submitting task itself posts CQEs and frees the requests at once.
    guard !rings[ring].ring.setupFlags.contains(.deferTaskrun) else { return 0 }
    var (count, newestStart): (UInt64, UInt64) = (0, 0)
    requests.forEachInFlight(of: ring) { _, slot in
      if slot.request.isStartKnown, slot.request.startTime <= time {
        newestStart = max(newestStart, slot.request.startTime)
      }
      return true
    }
    requests.forEachEnded { request in
      guard request.ring == ring else { return request.lastTime > newestStart }
      if request.isStartKnown, request.startTime <= time {
        newestStart = max(newestStart, request.startTime)
      }
      guard request.lastTime <= time else { return true }
      guard request.lastTime > newestStart else { return false }
      if request.completerTid != request.submitterTid { count += 1 }
      return true
    }
    walks.pay(passed: requests.count, looked: requests.historyCount / 4)
    return count
  }

  mutating func unsubmitted(_ record: UnsafePointer<record_unsubmitted>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.sqe.user_data
    guard rings[ring].ring.unsubmitted.count < 1024 else { return }
    rings[ring].ring.unsubmitted.append(record.pointee.sqe)
  }

  mutating func unreaped(_ record: UnsafePointer<record_unreaped>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.user_data
    guard rings[ring].ring.unreaped.count < 1024 else { return }
    rings[ring].ring.unreaped.append(
      Ring.UnreapedCQE(
        userData: record.pointee.user_data, result: record.pointee.res,
        flags: record.pointee.cflags, isOverflowed: record.pointee.is_overflowed != 0))
  }

  mutating func reaped(_ record: UnsafePointer<record_reaped>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.user_data
    guard rings[ring].ring.reaped.count < 64 else { return }
    rings[ring].ring.reaped.append(
      Ring.ReapedCQE(
        userData: record.pointee.user_data, result: record.pointee.res,
        flags: record.pointee.cflags))
  }

  mutating func reapedSqe(_ record: UnsafePointer<record_reaped_sqe>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.sqe.user_data
    for index in rings[ring].ring.reaped.indices
    where rings[ring].ring.reaped[index].sqe == nil
      && rings[ring].ring.reaped[index].userData == record.pointee.sqe.user_data
    {
      rings[ring].ring.reaped[index].sqe = record.pointee.sqe
    }
  }

  mutating func reapLag(_ record: UnsafePointer<record_reap_lag>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.user_data
    let call = text(behind: record, length: record.pointee.length) ?? ""
    if rings[ring].ring.reapLags.count >= 16 { rings[ring].ring.reapLags.removeFirst() }
    rings[ring].ring.reapLags.append(
      ReapLag(
        firstUnread: record.pointee.since_ns, lastUnread: record.pointee.base.time_ns,
        taken: record.pointee.taken_ns, userData: record.pointee.user_data,
        count: record.pointee.count, tid: record.pointee.base.tid,
        call: call.split(separator: "\n").first.map(String.init) ?? ""))
  }

  mutating func registeredFile(
    _ record: UnsafePointer<record_registered_file>, _ event: inout Event
  ) {
    let ring = enterRing(record.pointee.base, &event)
    guard rings[ring].ring.files.count < 1024 else { return }
    let references = record.pointee.references
    rings[ring].ring.files.append(
      Ring.RegisteredFile(
        identity: FileIdentity(record.pointee.file), index: record.pointee.index,
        references: references < 0 ? nil : UInt32(references),
        tag: record.pointee.tag))
  }

  // MARK: Inspected requests

  mutating func kernelStack(_ record: UnsafePointer<record_kernel_stack>, _ event: inout Event) {
    guard let text = text(behind: record, length: record.pointee.length) else { return }
    inventory.kernelStack(record, text: text)
  }

  mutating func fileState(_ record: UnsafePointer<record_file_state>, _ event: inout Event) {
    guard let text = text(behind: record, length: record.pointee.length),
      let request = unfinished(at: record.pointee.base.req)
    else { return }
    inventory.fileState(record, text: text, of: request)
  }

  mutating func diskRequest(_ record: UnsafePointer<record_disk_request>, _ event: inout Event) {
    inventory.diskRequest(record, servedBy: unfinished(at: record.pointee.base.req))
  }

  /// The request in flight whose `io_kiocb`, or whose notification's `io_kiocb`, is at an address.
  private func unfinished(at address: UInt64) -> Request.ID? {
    requests.user(of: address).map { requests[$0.slot].request.id }
  }

  mutating func submitStack(_ record: UnsafePointer<record_submit_stack>, _ event: inout Event) {
    guard let slot = requests.latest(at: record.pointee.base.req) else { return }
    requests[slot].request.userStackNumber = record.pointee.stack &+ 1
  }

  mutating func userStack(_ record: UnsafePointer<record_user_stack>, _ event: inout Event) {
    guard let text = text(behind: record, length: record.pointee.length) else { return }
    inventory.userStack(record, text: text)
  }
}

extension RequestSlot {
  /// True if a zero-copy send has two live `io_kiocb`s: the notification's, which exists from the
  /// send's preparation on, and its own, which exists until the send posts its result.
  fileprivate var hasUnpostedNotification: Bool {
    guard request.state != .awaitingNotification else { return false }
    return notification != 0 || request.opcode.isZeroCopySend && !request.isSQEKnown
  }

  /// Sets the SQE fields that the kernel's structures still contain.
  fileprivate mutating func describe(_ record: UnsafePointer<record_parked>) {
    request.kernelKnowledge = SQEKnowledge(rawValue: record.pointee.known)
      .intersection([.off, .addr, .len, .opFlags, .buffer, .file])
    request.flags = record.pointee.flags
    request.userData = record.pointee.user_data
    request.submitterTid = record.pointee.submitter_tid
    request.submitterTgid = record.pointee.tgid
    request.sqe.opcode = record.pointee.base.opcode
    request.sqe.flags = UInt8(truncatingIfNeeded: record.pointee.flags)
    request.sqe.fd = record.pointee.fd
    request.sqe.off = record.pointee.off
    request.sqe.addr = record.pointee.addr
    request.sqe.len = record.pointee.len
    request.sqe.op_flags = record.pointee.op_flags
    request.sqe.user_data = record.pointee.user_data
    request.sqe.buf_index = record.pointee.buf_index
  }
}
