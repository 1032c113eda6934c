import CRecord

/// Handlers of records about lent buffers (buffers that requests borrow; ``LendingTracker``), and
/// the effects of a request's beginning and end on lending.
extension Aggregator {
  // MARK: Requests

  /// Handles the beginning of a request that may use a buffer; see
  /// ``OpcodeTraitTable/touchesBuffers(_:_:)``.
  @inline(never)
  mutating func lend(to slot: Handle<RequestSlot>, role: UInt16?, _ event: inout Event) {
    guard requests[slot].request.isSQEKnown else { return }
    // A local buffer (patched kernels) is not in the ring's buffer table. The `local_buffer` record
    // that follows describes it.
    let isLocal = LendingTracker.localRoles.contains(role ?? 0)
    let isInBatch =
      !isLocal
      && (role ?? 0 != 0 || requests[slot].request.sqe.flags & SQEFlags.group != 0
        || lending.hasOpenBatch(requests[slot].ring))
    // Only kernels with the SQE-group patches have SQE groups. On other kernels, bit 7 of the SQE's
    // flags is invalid and forms no group.
    if isInBatch, names.requestFlags.contains("SQE_GROUP") || role ?? 0 != 0 {
      lending.joinBatch(&requests[slot], role: role, &event)
    }
    let opcode = requests[slot].request.opcode
    if opcode.isZeroCopySend { lending.beginSend(&requests[slot], &event) }
    if opcode.isDriverCommand, !fuse.submitted(&requests[slot], &lending, &event) {
      ublk.submitted(&requests[slot], &lending, &event)
    }
    if opcode == .provideBuffers || opcode == .removeBuffers {
      lending.provideBuffers(&requests[slot], &event)
    }
    borrow(slot, isLocal: isLocal, &event)
  }

  /// Makes the request a member of the group whose buffer it names.
  ///
  /// - Parameter isLocal: true if the registered buffer that the request names is a local buffer.
  mutating func borrow(_ slot: Handle<RequestSlot>, isLocal: Bool, _ event: inout Event) {
    switch requests[slot].request.bufferReference {
    case .registered(let index)?:
      if !isLocal { lending.borrow(&requests[slot], UInt32(index), &event) }
    case .group(let bgid)?: lending.select(&requests[slot], bgid, &event)
    case nil: break
    }
  }

  /// Handles the end of a request that the lending tracker follows (``RequestSlot/isLending``).
  @inline(never)
  mutating func endLending(
    to slot: Handle<RequestSlot>, _ moment: Moment, _ event: inout Event
  ) {
    requests[slot].isLending = false
    lending.memberEnded(&requests[slot], at: moment, &event)
    lending.withdrawalEnded(&requests[slot], at: moment, &event)
    ublk.ended(&requests[slot], time: moment.time, &lending, &event)
    lending.leaderEnded(&requests[slot], at: moment, &event)
  }

  // MARK: Commands of drivers

  mutating func command(_ record: UnsafePointer<record_command>, _ event: inout Event) {
    event.value = Int64(record.pointee.command)
    guard let slot = named(by: record.pointee.base, &event) else { return }
    ublk.command(record, of: &requests[slot], &lending, &event)
  }

  mutating func fuseRequest(_ record: UnsafePointer<record_fuse_request>, _ event: inout Event) {
    event.value = Int64(record.pointee.length)
    guard record.pointee.buffer.buffer != 0 else {
      _ = enterRing(record.pointee.base, &event)
      return
    }
    guard let slot = named(by: record.pointee.base, &event) else { return }
    fuse.requested(record, by: &requests[slot], &lending, &event)
  }

  mutating func localBuffer(_ record: UnsafePointer<record_local_buffer>, _ event: inout Event) {
    guard let slot = named(by: record.pointee.base, &event) else { return }
    lending.localBuffer(record, of: &requests[slot], &event)
  }

  /// Returns the request in flight that a record names, and makes the event refer to it.
  private mutating func named(
    by header: record, _ event: inout Event
  ) -> Handle<RequestSlot>? {
    let ring = enterRing(header, &event)
    guard let slot = enterRequest(header, ring: ring, &event) else { return nil }
    event.name(requests[slot])
    return slot
  }

  mutating func groupBuffer(_ record: UnsafePointer<record_group_buffer>, _ event: inout Event) {
    let header = record.pointee.base
    _ = enterRing(header, &event)
    // The record can arrive after the end of a leader that posts no CQE. So the search includes a
    // request that has ended.
    guard let slot = requests.latest(at: header.req) else { return }
    if lending.groupBuffer(record, of: requests[slot], &event) { event.name(requests[slot]) }
  }

  // MARK: Observed uses

  /// Stores a block request for the `buffer_use` record that follows: the buffer of that record
  /// consists of the block request's pages.
  mutating func blockRequest(_ record: UnsafePointer<record_block_request>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    lending.pending.block = record.pointee.block
    if let slot = user(header, ring) { event.name(requests[slot]) }
  }

  mutating func bufferUse(_ record: UnsafePointer<record_buffer_use>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    guard let slot = user(header, ring), requests.preparationError(of: requests[slot]) == 0 else {
      lending.pending.block = nil
      return
    }
    event.name(requests[slot])
    lending.used(record, by: &requests[slot], &ublk, &event)
  }

  /// Handles a request that an inventory walk (BPF iterator) found holding a registered buffer that
  /// is no longer in its slot. Ignores the record if any record about the request is newer than the
  /// walk.
  mutating func heldBuffer(_ record: UnsafePointer<record_held_buffer>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    guard let slot = requests.seenInFlight(header, ring: ring) else { return }
    event.name(requests[slot])
    lending.held(
      record.pointee.buffer, by: &requests[slot], &ublk,
      at: Moment(time: header.time_ns, tid: header.tid), &event)
  }

  /// The request in flight whose `io_kiocb` is at `header.req`, or the zero-copy send whose
  /// notification's `io_kiocb` is there.
  private func user(_ header: record, _ ring: Handle<RingState>) -> Handle<RequestSlot>? {
    guard let (slot, isNotification) = requests.user(of: header.req), requests[slot].ring == ring,
      isNotification || requests.isPlausible(header, for: slot, ring: ring)
    else { return nil }
    return slot
  }

  mutating func bufferRelease(
    _ record: UnsafePointer<record_buffer_release>, _ event: inout Event
  ) {
    let context = record.pointee.base.ctx
    // An unknown ring is not added. It must already be closed, because the kernel releases a closed
    // ring's buffers last.
    let ring = rings.known(context)
    if context != 0 {
      guard let ring else { return }
      event.ring = rings[ring].ring.id
    }
    lending.released(record, ring: ring, &event)
  }

  // MARK: Buffer tables

  mutating func bufferTable(_ record: UnsafePointer<record_buffer_table>, _ event: inout Event) {
    lending.bufferTable(record, ring: enterRing(record.pointee.base, &event))
  }

  mutating func bufferSlot(_ record: UnsafePointer<record_buffer_slot>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    lending.bufferSlot(record, ring: ring, &ublk, &event)
  }

  mutating func registerArgument(
    _ record: UnsafePointer<record_register_argument>, _ event: inout Event
  ) {
    _ = enterRing(record.pointee.base, &event)
    event.flags = record.pointee.opcode
    lending.pending.argument = record.pointee
  }

  mutating func providedTail(_ record: UnsafePointer<record_provided_tail>, _ event: inout Event) {
    lending.providedTail(record, ring: enterRing(record.pointee.base, &event))
  }

  mutating func providedGroup(
    _ record: UnsafePointer<record_provided_group>, _ event: inout Event
  ) {
    lending.providedGroup(record, ring: enterRing(record.pointee.base, &event))
  }

  mutating func providedTwice(
    _ record: UnsafePointer<record_provided_twice>, _ event: inout Event
  ) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    event.value = Int64(record.pointee.bid)
    if let (slot, _) = requests.user(of: header.req) { event.name(requests[slot]) }
    lending.providedTwice(record, ring: ring)
  }

  mutating func symbol(_ record: UnsafePointer<record_symbol>, _ event: inout Event) {
    lending.functions.note(record)
  }
}
