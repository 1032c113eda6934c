import CRecord
import UringRecords

/// What walks over the kernel's own structures found.
extension Aggregator {
  /// Stacks and files kept: those that were looked at last.
  private static var lookedAtLimit: Int { 512 }
  private static var userStackLimit: Int { 1 << 14 }

  /// The kernel's addresses of a request in flight.
  public func kernelAddress(of request: Request.ID) -> SuspectRequest? {
    var slot = links.first
    while slot != noIndex {
      if slots[slot].request.id == request {
        return SuspectRequest(
          ring: rings[links[slot].ring].ring.address, request: slots[slot].request.address)
      }
      slot = links[slot].next
    }
    return nil
  }

  // MARK: Requests

  /// A request was found in flight. Void if anything was heard of it since the walk began.
  mutating func parked(_ record: UnsafePointer<record_parked>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    events.current.userData = record.pointee.user_data
    if let position = addresses.find(header.req) {
      let entry = addresses[position]
      if isLive(entry) {
        guard entry.mark == EntryMark.request, isPlausible(header, for: entry.index, ring: ring),
          slots[entry.index].request.lastTime <= header.time_ns,
          slots[entry.index].request.userData == record.pointee.user_data
            || !slots[entry.index].request.isStartKnown
        else { return }
        settle(entry.index, record)
        return
      }
      // It was heard of, and has ended: the next one there would have been heard of as well.
      guard entry.index == noIndex ? lossTime != 0 : wasLost(since: entry.index) else { return }
    } else {
      // Who knows what is among what was forgotten.
      guard forgottenTime < header.time_ns else { return }
      // All of a ring whose creation was seen are known.
      guard rings[ring].ring.isFound || lossTime != 0 else { return }
    }
    guard
      !strangeEnds.contains(
        ring: ring, userData: record.pointee.user_data, since: header.time_ns)
    else { return }
    found(record, ring: ring)
  }

  private func wasLost(since slot: UInt32) -> Bool {
    lossTime != 0 && slots[slot].request.lastTime <= lossTime
  }

  private mutating func found(_ record: UnsafePointer<record_parked>, ring: UInt32) {
    // What else was heard of must not be forgotten now: it tells what of this walk is void.
    if addresses.isCrowded { addresses.grow() }
    var header = record.pointee.base
    let time = header.time_ns
    // The worker that executes it is not who submitted it.
    header.tid = record.pointee.submitter_tid
    let slot = beginUnknown(header, ring: ring)
    slots[slot].addStep(.found, time: time, tid: 0)
    let knows = UInt32(record.pointee.known)
    slots[slot].request.isStartKnown = knows & UInt32(RECORD_KNOWS_START) != 0
    // After a loss it may be newer than the observation, but for what its thread's sleep tells.
    if lossTime == 0 || slots[slot].request.isStartKnown
      || record.pointee.since_ns < host.startTime
    {
      slots[slot].request.startTime = min(record.pointee.since_ns, time)
    }
    if slots[slot].request.startTime < host.startTime { hasFound = true }
    slots[slot].request.kernelKnowledge = SQEKnowledge(rawValue: record.pointee.known)
      .intersection([.off, .addr, .len, .opFlags, .buffer, .file])
    slots[slot].request.flags = record.pointee.flags
    slots[slot].request.userData = record.pointee.user_data
    slots[slot].request.submitterTid = record.pointee.submitter_tid
    slots[slot].request.submitterTgid = record.pointee.tgid
    slots[slot].request.isSubmittedBySQThread =
      record.pointee.submitter_tid != 0
      && record.pointee.submitter_tid == rings[ring].ring.sqThreadTid
    slots[slot].request.sqe.opcode = header.opcode
    slots[slot].request.sqe.flags = UInt8(truncatingIfNeeded: record.pointee.flags)
    slots[slot].request.sqe.fd = record.pointee.fd
    slots[slot].request.sqe.off = record.pointee.off
    slots[slot].request.sqe.addr = record.pointee.addr
    slots[slot].request.sqe.len = record.pointee.len
    slots[slot].request.sqe.op_flags = record.pointee.op_flags
    slots[slot].request.sqe.user_data = record.pointee.user_data
    slots[slot].request.sqe.buf_index = record.pointee.buf_index
    slots[slot].isMultishot = knows & UInt32(RECORD_KNOWS_MULTISHOT) != 0
    if slots[slot].isMultishot || rings[ring].isIndexed { userData.insert(slot, slots) }
    joinFound(slot)
    settle(slot, record)
  }

  /// Notes where a request is.
  private mutating func settle(_ slot: UInt32, _ record: UnsafePointer<record_parked>) {
    let place = Place(record.pointee.place)
    slots[slot].request.place = place
    slots[slot].request.workerTid = place == .workerRunning ? record.pointee.base.tid : 0
    slots[slot].request.expiryTime = record.pointee.expires_ns
    if slots[slot].request.state != .awaitingNotification {
      slots[slot].request.state = place.state
    }
    if record.pointee.poll_events != 0, place == .poll || place == .taskWork {
      slots[slot].request.pollEvents = record.pointee.poll_events
    }
    if record.pointee.ublk != 0 {
      if ublkSlots.count >= 1 << 14 { ublkSlots.removeAll() }
      ublkSlots[slots[slot].request.id] = UblkSlot(
        queue: UInt16(record.pointee.ublk >> 16 & 0x7FFF),
        tag: UInt16(truncatingIfNeeded: record.pointee.ublk))
    }
    if record.pointee.behind != 0 { link(slot, behind: record.pointee.behind) }
    name(slot)
  }

  // MARK: Rings

  mutating func ringDepth(_ record: UnsafePointer<record_ring_depth>) {
    let ring = ring(of: record.pointee.base)
    rings[ring].depth.look(
      sqPending: record.pointee.sq_pending, cqPending: record.pointee.cq_pending,
      rings[ring].ring.counts, at: record.pointee.base.time_ns)
    noteSQThread(record.pointee.sq_thread_ms, ring)
    rings[ring].ring.sqPending = record.pointee.sq_pending
    rings[ring].ring.cqPending = record.pointee.cq_pending
    rings[ring].ring.isOverflowed = record.pointee.is_overflowed != 0
    rings[ring].ring.sqThread = Ring.SQThread(record.pointee.sq_thread)
    rings[ring].ring.waiter =
      record.pointee.waiters == 0
      ? nil
      : Ring.Waiter(
        tid: record.pointee.waiter_tid, tgid: record.pointee.waiter_tgid,
        count: record.pointee.waiters, missing: record.pointee.waiter_missing,
        asleepSince: asleepSince(record))
  }

  private func asleepSince(_ record: UnsafePointer<record_ring_depth>) -> UInt64? {
    let duration = UInt64(record.pointee.waiter_asleep_ms) * 1_000_000
    return duration == 0 || duration > record.pointee.base.time_ns
      ? nil : record.pointee.base.time_ns - duration
  }

  private mutating func noteSQThread(_ milliseconds: UInt32, _ ring: UInt32) {
    guard milliseconds != 0 else { return }
    // Of a ring whose creation was seen, all of it was observed.
    if rings[ring].ring.isFound, rings[ring].sqThreadStart == 0 {
      rings[ring].sqThreadStart = milliseconds
    }
    rings[ring].ring.sqThreadTime =
      UInt64(milliseconds &- rings[ring].sqThreadStart) * 1_000_000
  }

  mutating func ringBalance(_ record: UnsafePointer<record_ring_balance>) {
    let time = record.pointee.base.time_ns
    let ring = ring(of: record.pointee.base)
    rings[ring].ring.unsubmitted = []
    rings[ring].ring.unreaped = []
    rings[ring].ring.files = []
    let method = Ring.Balance.Method(record.pointee.method)
    rings[ring].ring.balance = Ring.Balance(
      method: method, outstanding: record.pointee.outstanding,
      accounted: accounted(ring, at: time, withNotifications: method != .sequence),
      reached: record.pointee.reached, time: time)
  }

  /// What was in flight on a ring a moment ago: what is, less what began since, with what ended.
  private func accounted(
    _ ring: UInt32, at time: UInt64, withNotifications: Bool
  ) -> UInt64 {
    var count = 0
    var slot = links.first
    while slot != noIndex {
      if links[slot].ring == ring, slots[slot].request.startTime <= time {
        // Until its result, a zero-copy send has two.
        count +=
          withNotifications && slots[slot].notification != 0
            && slots[slot].request.state != .awaitingNotification ? 2 : 1
      }
      slot = links[slot].next
    }
    for age in 0..<history.count {
      let ended = history[age: age]
      guard slots[ended].request.lastTime > time else { break }
      if slots[ended].ring == ring, slots[ended].request.startTime <= time { count += 1 }
    }
    return UInt64(count)
  }

  mutating func unsubmitted(_ record: UnsafePointer<record_unsubmitted>) {
    let ring = ring(of: record.pointee.base)
    events.current.userData = record.pointee.sqe.user_data
    guard rings[ring].ring.unsubmitted.count < 1024 else { return }
    rings[ring].ring.unsubmitted.append(record.pointee.sqe)
  }

  mutating func unreaped(_ record: UnsafePointer<record_unreaped>) {
    let ring = ring(of: record.pointee.base)
    events.current.userData = record.pointee.user_data
    guard rings[ring].ring.unreaped.count < 1024 else { return }
    rings[ring].ring.unreaped.append(
      Ring.UnreapedCQE(
        userData: record.pointee.user_data, result: record.pointee.res,
        flags: record.pointee.cflags, isOverflowed: record.pointee.is_overflowed != 0))
  }

  mutating func registeredFile(_ record: UnsafePointer<record_registered_file>) {
    let ring = ring(of: record.pointee.base)
    guard rings[ring].ring.files.count < 1024 else { return }
    let references = record.pointee.references
    rings[ring].ring.files.append(
      Ring.RegisteredFile(
        index: record.pointee.index, references: references < 0 ? nil : UInt32(references),
        tag: record.pointee.tag))
  }

  // MARK: A close look

  mutating func kernelStack(_ record: UnsafePointer<record_kernel_stack>) {
    guard let text = text(behind: record, length: record.pointee.length) else { return }
    if kernelStacks.count >= Self.lookedAtLimit { kernelStacks.removeAll() }
    kernelStacks[record.pointee.base.tid] = KernelStack(
      frames: text.split(separator: "\n").map(String.init),
      areNamesHidden: record.pointee.are_hidden != 0, time: record.pointee.base.time_ns)
  }

  mutating func fileState(_ record: UnsafePointer<record_file_state>) {
    guard let text = text(behind: record, length: record.pointee.length),
      let slot = latestSlot(at: record.pointee.base.req), !slots[slot].request.state.isFinal
    else { return }
    if fileStates.count >= Self.lookedAtLimit { fileStates.removeAll() }
    fileStates[slots[slot].request.id] = FileState(
      pollEvents: record.pointee.poll_events,
      receiveBytes: record.pointee.receive_bytes < 0 ? nil : record.pointee.receive_bytes,
      sendBytes: record.pointee.send_bytes < 0 ? nil : record.pointee.send_bytes,
      text: text, time: record.pointee.base.time_ns)
  }

  // MARK: Devices

  mutating func diskRequest(_ record: UnsafePointer<record_disk_request>) {
    let block = record.pointee.block
    // the first of a walk
    guard block.request != 0 else {
      diskRequests = []
      return
    }
    guard diskRequests.count < 1 << 15 else { return }
    var request: Request.ID?
    if record.pointee.base.req != 0, let slot = latestSlot(at: record.pointee.base.req),
      !slots[slot].request.state.isFinal
    {
      request = slots[slot].request.id
    }
    var io = GroupBuffer.UblkIO()
    io.device = CharArray.string(block.disk)
    io.queue = block.queue
    io.tag = block.tag
    io.operation = UInt8(truncatingIfNeeded: block.operation)
    io.sector = block.sector
    io.length = block.length
    diskRequests.append(
      DiskRequest(
        request: request, block: io, startTime: record.pointee.start_ns,
        driverTime: record.pointee.issued_ns, serverTgid: record.pointee.server_tgid,
        isWithServer: record.pointee.with_server != 0, time: record.pointee.base.time_ns))
  }

  // MARK: User stacks

  mutating func submitStack(_ record: UnsafePointer<record_submit_stack>) {
    guard let slot = latestSlot(at: record.pointee.base.req) else { return }
    slots[slot].request.userStackNumber = record.pointee.stack &+ 1
  }

  mutating func userStack(_ record: UnsafePointer<record_user_stack>) {
    guard let text = text(behind: record, length: record.pointee.length) else { return }
    if userStacks.count >= Self.userStackLimit { userStacks.removeAll() }
    let key = UserStackKey(tgid: record.pointee.tgid, stack: record.pointee.stack)
    userStacks[key] = text.split(separator: "\n").map(String.init)
  }

  /// The text that follows a record, nil if the record is too short for it.
  private mutating func text<Record>(
    behind record: UnsafePointer<Record>, length: UInt32
  ) -> String? {
    let header = UnsafeRawPointer(record).assumingMemoryBound(to: CRecord.record.self)
    let size = MemoryLayout<Record>.size
    guard Int(length) <= Int(header.pointee.size) - size else {
      damagedRecordCount &+= 1
      return nil
    }
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + size, count: Int(length))
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A request that nobody knows has ended: a walk that found it just before must not revive it.
  @inline(never)
  mutating func noteStranger(_ address: UInt64) {
    if addresses.isCrowded { removeDeadAddresses() }
    _ = addresses.insert(address)
  }
}
