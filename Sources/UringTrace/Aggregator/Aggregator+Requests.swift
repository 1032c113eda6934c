import CRecord

/// Handlers of the records about a request from its submission up to its completion, and the
/// effects of a request's beginning and end on the trackers.
extension Aggregator {
  // MARK: Records

  @inline(__always)
  mutating func submit(_ record: UnsafePointer<record_submit>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    let slot = begin(header, ring: ring, &event)
    rings[ring].ring.counts.submitted &+= 1
    roles.count(ring, requests[slot].request.opcode) { $0.counts.submitted &+= 1 }
    let isKnown = record.pointee.sqe_is_known != 0
    requests[slot].describe(
      record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: isKnown, flags: record.pointee.flags,
      tgid: record.pointee.tgid, tid: header.tid, isSQThread: record.pointee.sq_thread != 0)
    requests[slot].isPlain = true
    requests.addStep(.submitted, to: slot, time: header.time_ns, tid: header.tid)
    index(slot, record.pointee.sqe, isKnown: isKnown, ring)
    if record.pointee.notif != 0 {
      addNotification(
        record.pointee.notif, to: slot, Moment(time: header.time_ns, tid: header.tid), &event)
    }
    if traits.touchesBuffers(requests[slot].request.opcode, requests[slot].request.sqe)
      || record.pointee.group_role != 0 || lending.hasOpenBatch(ring)
    {
      lend(to: slot, role: record.pointee.group_role, &event)
    }

    event.request = requests[slot].request.id
    event.userData = record.pointee.sqe.user_data
    event.value = isKnown ? Int64(record.pointee.sqe.fd) : -1
    event.flags = UInt32(truncatingIfNeeded: record.pointee.flags & 0xff)
  }

  /// Adds a request to the `user_data` index if it can post CQEs whose records do not contain the
  /// request's address.
  @inline(__always)
  private mutating func index(
    _ slot: Handle<RequestSlot>, _ sqe: SQE, isKnown: Bool, _ ring: Handle<RingState>
  ) {
    let isMultishot = traits.isMultishot(requests[slot].request.opcode, sqe, isKnown: isKnown)
    if isMultishot { requests[slot].isMultishot = true }
    if isMultishot || rings[ring].isIndexed { requests.addToIndex(slot) }
  }

  @inline(never)
  mutating func reqFailed(_ record: UnsafePointer<record_req_failed>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    let slot: Handle<RequestSlot>
    // Linux 6.1 traces the submission of a chain's members before it prepares them. If the request
    // in flight at this address has the same SQE, it is therefore the request that failed.
    if let latest = requests.latest(at: header.req), !requests[latest].request.state.isFinal,
      requests[latest].ring == ring, requests[latest].request.isSQEKnown,
      requests[latest].request.sqe.isSame(as: record.pointee.sqe)
    {
      slot = latest
    } else {
      slot = begin(header, ring: ring, &event)
      rings[ring].ring.counts.submitted &+= 1
      // The kernel replaces an unknown opcode by NOP; the SQE has the application's opcode.
      requests[slot].request.opcode = Opcode(rawValue: record.pointee.sqe.opcode)
      roles.count(ring, requests[slot].request.opcode) { $0.counts.submitted &+= 1 }
      requests[slot].describe(
        record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: true, flags: record.pointee.flags,
        tgid: record.pointee.tgid, tid: header.tid,
        isSQThread: header.tid != 0 && header.tid == rings[ring].ring.sqThreadTid)
      index(slot, record.pointee.sqe, isKnown: true, ring)
    }
    if requests.preparationError(of: requests[slot]) == 0, requests[slot].request.stepCount == 0,
      traits.touchesBuffers(requests[slot].request.opcode, record.pointee.sqe)
        || lending.hasOpenBatch(ring)
    {
      lend(to: slot, role: nil, &event)
    }
    requests.changeExtra(of: slot) { $0.preparationError = record.pointee.error }
    requests[slot].isPlain = false
    requests.addStep(.preparationFailed, to: slot, time: header.time_ns, tid: header.tid)
    rings[ring].ring.counts.preparationFailures &+= 1
    roles.count(ring, requests[slot].request.opcode) { $0.counts.preparationFailures &+= 1 }

    event.name(requests[slot])
    event.value = Int64(record.pointee.error)
    event.flags = UInt32(record.pointee.sqe.flags)
  }

  @inline(__always)
  mutating func fileGet(_ record: UnsafePointer<record_file_get>, _ event: inout Event) {
    event.value = Int64(record.pointee.fd)
    guard let slot = step(.fileAssigned, record.pointee.base, &event) else { return }
    // If an io-wq worker looks up the request's file, the request stays with the worker.
    if requests[slot].request.state != .worker { requests[slot].request.state = .issued }
    guard let file = FileIdentity(record.pointee.file) else { return }
    if requests[slot].request.readsFrom(
      descriptor: record.pointee.fd, hasFile: requests.files(of: slot).file != nil)
    {
      requests.setInput(file, of: slot, isDerived: false)
    } else {
      requests.changeFiles(of: slot) { $0.set(file) }
      // For a request whose submission was not seen, only this record contains the descriptor.
      if !requests[slot].request.isSQEKnown {
        requests[slot].request.sqe.fd = record.pointee.fd
        requests[slot].request.kernelKnowledge.insert(.file)
      }
    }
  }

  mutating func requestFile(_ record: UnsafePointer<record_request_file>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    guard let file = FileIdentity(record.pointee.file),
      let slot = requests.inFlight(at: record.pointee.base.req), requests[slot].ring == ring
    else { return }
    event.name(requests[slot])
    if record.pointee.is_input == 0 {
      requests.changeFiles(of: slot) {
        $0.set(file, isOfSubmission: record.pointee.is_submitted != 0)
      }
    } else {
      requests.setInput(file, of: slot, isDerived: record.pointee.is_derived != 0)
      if !requests[slot].request.isSQEKnown {
        requests[slot].request.sqe.file_index = UInt32(bitPattern: record.pointee.fd)
      }
    }
  }

  mutating func queueAsyncWork(
    _ record: UnsafePointer<record_queue_async_work>, _ event: inout Event
  ) {
    let isHashed = record.pointee.hashed != 0
    event.flags = isHashed ? 1 : 0
    let kind: Step.Kind = isHashed ? .queuedToWorkerHashed : .queuedToWorker
    guard let slot = step(kind, record.pointee.base, &event) else { return }
    requests[slot].request.state = .worker
    rings[requests[slot].ring].ring.counts.punted &+= 1
    roles.count(requests[slot].ring, requests[slot].request.opcode) { $0.counts.punted &+= 1 }
    if requests[slot].request.movesDataUnasked {
      rings[requests[slot].ring].ring.counts.puntedTransfers &+= 1
    }
  }

  mutating func pollArm(_ record: UnsafePointer<record_poll_arm>, _ event: inout Event) {
    event.value = Int64(record.pointee.mask)
    event.flags = UInt32(bitPattern: record.pointee.events)
    guard let slot = step(.pollArmed, record.pointee.base, &event) else { return }
    requests[slot].request.state = .pollArmed
    requests[slot].request.pollEvents = UInt32(bitPattern: record.pointee.events)
    rings[requests[slot].ring].ring.counts.pollArmed &+= 1
  }

  mutating func taskAdd(_ record: UnsafePointer<record_task_add>, _ event: inout Event) {
    event.value = Int64(record.pointee.mask)
    guard let slot = step(.taskWorkAdded, record.pointee.base, &event) else { return }
    requests[slot].request.state = .taskWork
  }

  mutating func `defer`(_ record: UnsafePointer<record_defer>, _ event: inout Event) {
    guard let slot = step(.deferred, record.pointee.base, &event) else { return }
    requests[slot].request.state = .deferred
    requests.forgetFileOfSubmission(of: slot)
  }

  /// Adds a step to the request that a record names, and makes the event refer to the request.
  @inline(__always)
  private mutating func step(
    _ step: Step.Kind, _ header: record, _ event: inout Event
  ) -> Handle<RequestSlot>? {
    let ring = enterRing(header, &event)
    guard let slot = enterRequest(header, ring: ring, &event) else { return nil }
    requests.addStep(step, to: slot, time: header.time_ns, tid: header.tid)
    event.name(requests[slot])
    return slot
  }

  /// Handles a short write. The tracepoint names only the ring; offset, length and thread identify
  /// the request.
  mutating func shortWrite(_ record: UnsafePointer<record_short_write>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    rings[ring].ring.counts.shortWrites &+= 1
    event.value = Int64(truncatingIfNeeded: record.pointee.got)

    var slot = requests.latest(at: header.req)
    if slot == nil, walks.admitsRecord() {
      let (position, wanted) = (record.pointee.pos, record.pointee.wanted)
      var best = 0
      let looked = requests.forEachInFlight(of: ring) { handle, candidate in
        let fit = candidate.request.fit(
          shortWriteAt: position, of: wanted, tid: header.tid,
          lastTid: requests.lastTid(of: candidate))
        if fit > best { (best, slot) = (fit, handle) }
        return true
      }
      walks.pay(passed: requests.count, looked: looked)
    }
    guard let slot else { return }
    requests.changeExtra(of: slot) { $0.shortWriteBytes = record.pointee.got }
    requests.addStep(.shortWrite, to: slot, time: header.time_ns, tid: header.tid)
    event.name(requests[slot])
  }

  // MARK: Beginning

  /// Returns the request in flight that a record names; nil if the request has ended. Adds an
  /// unknown request, because a record from between its submission and its completion proves that
  /// it is in flight.
  @inline(__always)
  mutating func enterRequest(
    _ header: record, ring: Handle<RingState>, _ event: inout Event
  ) -> Handle<RequestSlot>? {
    switch requests.occupant(of: header.req) {
    case .none: break
    case .notification: return nil
    case .request(let slot):
      if requests.isPlausible(header, for: slot, ring: ring) { return slot }
      endUnseen(slot, Moment(time: header.time_ns, tid: header.tid), &event)
    case .ended:
      let lossTime = requests.lossTime
      if let end = requests.lastEnd(at: header.req), end > lossTime || lossTime == 0 {
        // The record comes late, from another CPU: the request has already completed.
        return nil
      }
    }
    return beginUnknown(header, ring: ring, &event)
  }

  /// Begins a request at the address `header.req`. A request that is still listed there has ended
  /// unseen: the kernel reuses an `io_kiocb` only after the end of its request.
  @inline(__always)
  mutating func begin(
    _ header: record, ring: Handle<RingState>, _ event: inout Event
  ) -> Handle<RequestSlot> {
    let (position, occupant) = requests.claim(header.req, now: clock.now)
    if let occupant {
      endUnseen(occupant, Moment(time: header.time_ns, tid: header.tid), &event)
    }
    let slot = requests.begin(header, at: position, ring: ring, ringID: rings[ring].ring.id)
    rings[ring].ring.inFlight &+= 1
    if rings[ring].ring.isClosed { rings.reopen(ring) }
    return slot
  }

  /// Begins a request whose submission was not seen.
  ///
  /// - Parameter isOlder: true if the request is known to be older than the observation.
  @inline(never)
  mutating func beginUnknown(
    _ header: record, ring: Handle<RingState>, isOlder: Bool = false, _ event: inout Event
  ) -> Handle<RequestSlot> {
    let slot = begin(header, ring: ring, &event)
    countFound(on: ring, isOlder: isOlder)
    requests[slot].request.isStartKnown = false
    requests[slot].request.isSQEKnown = false
    requests[slot].request.isSubmittedBySQThread = false
    requests[slot].request.sqe = SQE()
    requests[slot].request.userData = 0
    requests[slot].request.isUserDataKnown = false
    requests[slot].request.flags = 0
    requests[slot].request.submitterTid = 0
    requests[slot].request.submitterTgid = 0
    return slot
  }

  @inline(never)
  mutating func addNotification(
    _ address: UInt64, to slot: Handle<RequestSlot>, _ moment: Moment, _ event: inout Event
  ) {
    guard address != requests[slot].request.address else { return }
    let (position, occupant) = requests.claim(address, now: clock.now)
    if let occupant { endUnseen(occupant, moment, &event) }
    requests.setNotification(address, at: position, of: slot)
  }

  // MARK: Ending

  /// Adds the request's last step, informs the trackers of the end, and moves the request into the
  /// history.
  @inline(__always)
  mutating func end(
    _ slot: Handle<RequestSlot>, as state: Request.State, step: Step.Kind, _ moment: Moment,
    _ event: inout Event
  ) {
    let ring = requests[slot].ring
    requests.finish(slot, as: state, step: step, time: moment.time, tid: moment.tid)
    // If the request has no result, this is 0, which is no error.
    let result = requests[slot].request.result
    if traits.isError(result, of: requests[slot].request.opcode) {
      count(error: result, of: requests[slot].request.opcode, ring)
    }
    rings[ring].ring.inFlight &-= 1
    if !requests[slot].isLatencyRecorded, state != .ended,
      requests.preparationError(of: requests[slot]) == 0
    {
      countUnmeasured(requests[slot].request.opcode, ring)
    }
    if requests[slot].isLending { endLending(to: slot, moment, &event) }
    if requests.chainMember(of: slot) != .none, let next = chains.next(after: slot, requests) {
      requests[next].request.state = .submitted
      requests.changeExtra(of: next) { $0.releasedTime = moment.time }
    }
    evict(requests.retire(slot))
  }

  /// Counts, by ring and by role, a request that ended and whose latency is not known.
  @inline(never)
  mutating func countUnmeasured(_ opcode: Opcode, _ ring: Handle<RingState>) {
    rings[ring].ring.counts.unmeasured &+= 1
    roles.count(ring, opcode) { $0.counts.unmeasured &+= 1 }
  }

  /// Ends a request whose end was not observed.
  @inline(never)
  mutating func endUnseen(
    _ slot: Handle<RequestSlot>, _ moment: Moment, _ event: inout Event
  ) {
    requests[slot].request.isEndDerived = true
    // A request that posts no CQE on success (IOSQE_CQE_SKIP_SUCCESS) is counted as skipped, unless
    // the record of a CQE may have been lost.
    let mayBeSilent =
      requests[slot].isSilent
      || requests[slot].request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0
    let ring = requests[slot].ring
    if mayBeSilent, !requests.isSuspect(slot),
      requests[slot].request.state != .awaitingNotification
    {
      rings[ring].ring.counts.skipped &+= 1
      roles.count(ring, requests[slot].request.opcode) { $0.counts.skipped &+= 1 }
      end(slot, as: .skipped, step: .skipped, moment, &event)
    } else {
      rings[ring].ring.counts.endedUnseen &+= 1
      end(slot, as: .ended, step: .ended, moment, &event)
    }
  }

  /// Handles a request that has left the history: frees it, unless its chain keeps it.
  @inline(__always)
  mutating func evict(_ slot: Handle<RequestSlot>) {
    guard slot != .none else { return }
    if departed != nil { depart(slot) }
    lending.forgetPart(of: &requests[slot])
    if requests.chainMember(of: slot) == .none {
      requests.free(slot)
    } else {
      let ring = requests[slot].ring
      if let chain = chains.evicted(slot, &requests) { rings.count(broken: chain, of: ring) }
    }
  }
}

extension Request.Core {
  /// Score for how well a short write matches the request; 0 if the short write cannot be the
  /// request's.
  ///
  /// - Parameter lastTid: the thread of the request's last step.
  fileprivate func fit(
    shortWriteAt position: UInt64, of wanted: UInt64, tid: UInt32, lastTid: UInt32
  ) -> Int {
    guard isSQEKnown, opcode.isFileWrite else { return 0 }
    // The offset -1 stands for the file's own position.
    guard sqe.off == position || sqe.off == UInt64.max else { return 0 }
    guard opcode.properties.isVectored || UInt64(sqe.len) == wanted else { return 0 }
    // A matching thread scores most. If an io-wq worker has the request, the worker's thread id is
    // unknown before this record. Any thread except the submitter then counts as a weaker match.
    return 1 + (sqe.off == position ? 1 : 0)
      + (tid == lastTid || (tid == submitterTid && state != .worker) ? 4 : 0)
      + (state == .worker && tid != submitterTid ? 2 : 0)
  }
}

extension Request.Core {
  /// True if a descriptor look-up is for the input of SPLICE or TEE. The kernel looks up the output
  /// first.
  fileprivate func readsFrom(
    descriptor: Int32, hasFile: @autoclosure () -> Bool
  ) -> Bool {
    guard opcode == .splice || opcode == .tee, isSQEKnown else { return false }
    guard descriptor == Int32(bitPattern: sqe.file_index) else { return false }
    return descriptor != sqe.fd || hasFile()
      || SQEFlags(rawValue: sqe.flags).contains(.fixedFile)
  }
}

extension SQE {
  fileprivate func isSame(as other: SQE) -> Bool {
    withUnsafeBytes(of: self) { mine in
      withUnsafeBytes(of: other) { mine.elementsEqual($0) }
    }
  }
}
