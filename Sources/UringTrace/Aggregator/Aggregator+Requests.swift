import CRecord

/// Records between a request's submission and its completion.
extension Aggregator {
  @inline(__always)
  mutating func submit(_ record: UnsafePointer<record_submit>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    let slot = begin(header, ring: ring)
    rings[ring].ring.counts.submitted &+= 1
    let isKnown = record.pointee.sqe_is_known != 0
    slots[slot].describe(
      record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: isKnown, flags: record.pointee.flags,
      tgid: record.pointee.tgid, tid: header.tid, isSQThread: record.pointee.sq_thread != 0)
    slots[slot].isPlain = true
    slots[slot].addStep(.submitted, time: header.time_ns, tid: header.tid)
    index(slot, record.pointee.sqe, isKnown: isKnown, ring)
    if record.pointee.notif != 0 {
      addNotification(record.pointee.notif, to: slot, time: header.time_ns, tid: header.tid)
    }
    if traits.touchesBuffers(slots[slot].request.opcode, slots[slot].request.sqe)
      || record.pointee.group_role != 0 || closesSQEGroup(ring)
    {
      joinGroups(slot, role: record.pointee.group_role)
    }

    events.current.request = lastRequestID
    events.current.userData = record.pointee.sqe.user_data
    events.current.value = isKnown ? Int64(record.pointee.sqe.fd) : -1
    events.current.flags = UInt32(truncatingIfNeeded: record.pointee.flags & 0xff)
  }

  /// Lets a request be found by `user_data` if it can have CQEs that do not name it.
  @inline(__always)
  private mutating func index(_ slot: UInt32, _ sqe: SQE, isKnown: Bool, _ ring: UInt32) {
    let isMultishot = traits.isMultishot(
      slots[slot].request.opcode, sqe, isKnown: isKnown)
    if isMultishot { slots[slot].isMultishot = true }
    if isMultishot || rings[ring].isIndexed { userData.insert(slot, slots) }
  }

  @inline(never)
  mutating func reqFailed(_ record: UnsafePointer<record_req_failed>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    var slot = noIndex
    // 6.1 prepares the members of a chain after it traced their submission: the same request then.
    if let latest = latestSlot(at: header.req), !slots[latest].request.state.isFinal,
      slots[latest].ring == ring, slots[latest].request.isSQEKnown,
      slots[latest].request.sqe.isSame(as: record.pointee.sqe)
    {
      slot = latest
    } else {
      slot = begin(header, ring: ring)
      rings[ring].ring.counts.submitted &+= 1
      // The kernel puts NOP for one that it does not know.
      slots[slot].request.opcode = Opcode(rawValue: record.pointee.sqe.opcode)
      slots[slot].describe(
        record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: true, flags: record.pointee.flags,
        tgid: record.pointee.tgid, tid: header.tid,
        isSQThread: header.tid != 0 && header.tid == rings[ring].ring.sqThreadTid)
      index(slot, record.pointee.sqe, isKnown: true, ring)
    }
    if slots[slot].request.preparationError == 0, slots[slot].request.stepCount == 0,
      traits.touchesBuffers(slots[slot].request.opcode, record.pointee.sqe) || closesSQEGroup(ring)
    {
      joinGroups(slot, role: nil)
    }
    slots[slot].request.preparationError = record.pointee.error
    slots[slot].isPlain = false
    slots[slot].addStep(.preparationFailed, time: header.time_ns, tid: header.tid)
    rings[ring].ring.counts.preparationFailures &+= 1

    name(slot)
    events.current.value = Int64(record.pointee.error)
    events.current.flags = UInt32(record.pointee.sqe.flags)
  }

  @inline(__always)
  mutating func fileGet(_ record: UnsafePointer<record_file_get>) {
    events.current.value = Int64(record.pointee.fd)
    guard let slot = moved(by: record.pointee.base, step: .fileAssigned) else { return }
    // A worker that looks the file up keeps the request.
    if slots[slot].request.state != .worker { slots[slot].request.state = .issued }
  }

  mutating func queueAsyncWork(_ record: UnsafePointer<record_queue_async_work>) {
    let isHashed = record.pointee.hashed != 0
    events.current.flags = isHashed ? 1 : 0
    guard
      let slot = moved(
        by: record.pointee.base, step: isHashed ? .queuedToWorkerHashed : .queuedToWorker)
    else { return }
    slots[slot].request.state = .worker
    rings[slots[slot].ring].ring.counts.punted &+= 1
  }

  mutating func pollArm(_ record: UnsafePointer<record_poll_arm>) {
    events.current.value = Int64(record.pointee.mask)
    events.current.flags = UInt32(bitPattern: record.pointee.events)
    guard let slot = moved(by: record.pointee.base, step: .pollArmed) else { return }
    slots[slot].request.state = .pollArmed
    slots[slot].request.pollEvents = UInt32(bitPattern: record.pointee.events)
    rings[slots[slot].ring].ring.counts.pollArmed &+= 1
  }

  mutating func taskAdd(_ record: UnsafePointer<record_task_add>) {
    events.current.value = Int64(record.pointee.mask)
    guard let slot = moved(by: record.pointee.base, step: .taskWorkAdded) else { return }
    slots[slot].request.state = .taskWork
  }

  mutating func `defer`(_ record: UnsafePointer<record_defer>) {
    guard let slot = moved(by: record.pointee.base, step: .deferred) else { return }
    slots[slot].request.state = .deferred
  }

  /// Adds a step to the request that a record is about, and names it in the event.
  @inline(__always)
  private mutating func moved(by header: record, step: Step.Kind) -> UInt32? {
    guard let slot = slotInFlight(header, ring: ring(of: header)) else { return nil }
    slots[slot].addStep(step, time: header.time_ns, tid: header.tid)
    name(slot)
    return slot
  }

  /// The event is about this request.
  @inline(__always)
  func name(_ slot: UInt32) {
    events.current.request = slots[slot].request.id
    events.current.userData = slots[slot].request.userData
    events.current.opcode = slots[slot].request.opcode
  }

  /// The tracepoint names only the ring; offset, length and thread find the request.
  mutating func shortWrite(_ record: UnsafePointer<record_short_write>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    rings[ring].ring.counts.shortWrites &+= 1
    events.current.value = Int64(truncatingIfNeeded: record.pointee.got)

    var slot = latestSlot(at: header.req)
    if slot == nil {
      let (position, wanted) = (record.pointee.pos, record.pointee.wanted)
      var best = 0
      forEachInFlight(of: ring) { this, candidate in
        let fit = this.slots[candidate].request.fit(
          shortWriteAt: position, of: wanted, tid: header.tid)
        if fit > best { (best, slot) = (fit, candidate) }
        return true
      }
    }
    guard let slot else { return }
    slots[slot].request.shortWriteBytes = record.pointee.got
    slots[slot].addStep(.shortWrite, time: header.time_ns, tid: header.tid)
    name(slot)
  }
}

extension Request {
  /// How well a short write fits, 0 if it cannot be this request's.
  fileprivate func fit(shortWriteAt position: UInt64, of wanted: UInt64, tid: UInt32) -> Int {
    guard isSQEKnown, opcode.isFileWrite else { return 0 }
    // -1: at the file's own position.
    guard sqe.off == position || sqe.off == UInt64.max else { return 0 }
    guard opcode.properties.isVectored || UInt64(sqe.len) == wanted else { return 0 }
    let lastTid = stepCount == 0 ? 0 : stepStorage[min(Int(stepCount), Self.stepCapacity) - 1].tid
    // A worker's thread is not known before; the submitter's is.
    return 1 + (sqe.off == position ? 1 : 0)
      + (tid == lastTid || (tid == submitterTid && state != .worker) ? 4 : 0)
      + (state == .worker && tid != submitterTid ? 2 : 0)
  }
}

extension SQE {
  fileprivate func isSame(as other: SQE) -> Bool {
    withUnsafeBytes(of: self) { mine in
      withUnsafeBytes(of: other) { mine.elementsEqual($0) }
    }
  }
}
