import CRecord

/// The life cycle of a group: beginning, providing, withdrawing and giving back its buffer.
extension LendingTracker {
  /// Nanoseconds for which a buffer may stay held after it could have been given back. A longer
  /// time is noted as a fault.
  static var patience: UInt64 { 100_000_000 }

  // MARK: Beginning

  /// Returns a description of this request as a group's leader.
  func leader(_ slot: borrowing RequestSlot) -> RequestGroup.Leader {
    var leader = RequestGroup.Leader()
    leader.request = slot.request.id
    leader.ring = slot.request.ring
    leader.opcode = slot.request.opcode
    leader.userData = slot.request.userData
    leader.tid = slot.request.submitterTid
    leader.tgid = slot.request.submitterTgid
    leader.startTime = slot.request.startTime
    leader.command = slot.request.driverCommand ?? 0
    return leader
  }

  /// Makes a request the leader of a group, so that the end of the request is passed on to the
  /// group.
  mutating func lead(
    _ slot: inout RequestSlot, _ group: Handle<GroupState>, _ event: inout Event
  ) {
    let reference = reference(to: group)
    changePart(of: &slot) { $0.led = reference }
    slot.joinLending()
    if slot.request.group == 0 { setGroup(of: &slot, to: reference, as: .leader) }
    name(group, &event)
  }

  /// Makes the event refer to this group, unless it already refers to another group.
  func name(_ group: Handle<GroupState>, _ event: inout Event) {
    if event.group == 0 { event.group = self[group].id }
  }

  /// Notes that the group's buffer is available from now on.
  mutating func provide(_ group: Handle<GroupState>, time: UInt64) {
    guard self[group].buffer.providedTime == 0 else { return }
    self[group].buffer.providedTime = time
  }

  mutating func note(_ condition: GroupCondition, _ group: Handle<GroupState>) {
    self[group].conditions.insert(condition)
  }

  // MARK: Taking back

  /// Notes that the owner withdraws the buffer: no new member can borrow it. The handle may be
  /// invalid afterwards.
  mutating func withdraw(_ group: Handle<GroupState>, at moment: Moment) {
    guard !self[group].end.isEnded, self[group].times.withdrawn == 0 else { return }
    if self[group].isTentative, self[group].members.count == 0 {
      vacateSlot(of: group)
      discard(group)
      return
    }
    self[group].times.withdrawn = max(moment.time, 1)
    if self[group].members.count == 0 { note(.unused, group) }
    vacateSlot(of: group)
    deriveReturn(group, at: moment)
  }

  /// Empties the slot that holds the group's buffer.
  private mutating func vacateSlot(of group: Handle<GroupState>) {
    guard let slot = slot(of: group) else { return }
    self[slot].group = .none
    self[slot].isFilled = false
  }

  /// Concludes that the buffer was given back, if the buffer is withdrawn, no member is running,
  /// and no traced function will show the return.
  mutating func deriveReturn(_ group: Handle<GroupState>, at moment: Moment) {
    guard self[group].times.withdrawn != 0, self[group].running == 0,
      !isReleaseWatched(group) || moment.time < functions.watchedTime
    else { return }
    acknowledge(group, at: moment, function: 0, isDerived: true)
  }

  /// True if a traced function will show the return of the buffer.
  private func isReleaseWatched(_ group: Handle<GroupState>) -> Bool {
    let state = self[group]
    // Before a member completes, a ublk driver's buffer is known only by its block request
    // (`priv`). That is enough to recognise its return.
    let isKnown =
      state.origin.kernelAddress != 0 || state.buffer.key != 0
      || state.origin.isUblk && state.origin.priv != 0
    guard state.rules.lifecycle != .batch, isKnown else { return false }
    return functions.isWatched(
      state.buffer.hasNode || state.origin.isUblk ? .freeRsrcNode : .bufferUnmap)
  }

  /// Notes that the owner has the buffer again, which ends the group. The handle may be invalid
  /// afterwards.
  mutating func acknowledge(
    _ group: Handle<GroupState>, at moment: Moment, function: UInt32, isDerived: Bool
  ) {
    let isConfirmation = self[group].end.isEnded
    // An observed return replaces an inferred one. A second observed return replaces the first: it
    // is the more specific call of the buffer's release function by io_free_rsrc_node.
    if isConfirmation, isDerived || !self[group].end.isAcknowledged { return }
    self[group].end.isAcknowledged = true
    self[group].end.time = moment.time
    self[group].end.tid = moment.tid
    self[group].end.function = function
    self[group].end.isDerived = isDerived
    if !isConfirmation { end(group, time: moment.time) }
  }

  /// Ends a group whose buffer was given back, never provided, or leaked. The handle may be invalid
  /// afterwards.
  mutating func end(_ group: Handle<GroupState>, time: UInt64) {
    let state = self[group]
    noteDelays(of: group, time: time)
    let count = state.members.count
    if state.end.isAcknowledged, state.rules.isOneTransfer, state.members.hasTransfer,
      state.buffer.length > 0, state.members.movedBytes < state.buffer.length
    {
      note(.partlyFilled, group)
    }
    if state.times.withdrawn == 0, count == 0, state.buffer.providedTime != 0,
      state.rules.lifecycle != .notification
    {
      note(.unused, group)
    }
    vacateSlot(of: group)
    retire(group)
  }

  /// Notes the faults of a buffer that was given back late.
  private mutating func noteDelays(of group: Handle<GroupState>, time: UInt64) {
    let state = self[group]
    guard state.end.isAcknowledged, state.members.count > 0, state.rules.lifecycle != .pool else {
      return
    }
    // If the buffer serves only one transfer, its owner waits for it as soon as it is provided.
    // Otherwise the owner waits for it as soon as it is withdrawn.
    let start = state.rules.isOneTransfer ? state.buffer.providedTime : state.times.withdrawn
    if start != 0, state.times.done > start, state.times.done - start >= Self.patience {
      note(.givenBackLate, group)
    }
    let done =
      state.rules.isOneTransfer ? state.times.done : max(state.times.done, state.times.withdrawn)
    if state.running == 0, time.since(done) >= Self.patience { note(.heldAfterDone, group) }
  }

  // MARK: Observed returns

  /// - Parameter ring: the ring of the record's context; nil if the record names no ring.
  mutating func released(
    _ record: UnsafePointer<record_buffer_release>, ring: Handle<RingState>?, _ event: inout Event
  ) {
    let header = record.pointee.base
    var found: Handle<GroupState>?
    if let ring {
      found = releasedGroup(record, ring: ring)
    } else if let last = pending.released, last.priv == record.pointee.priv,
      last.tid == header.tid, let group = resolve(last.group)
    {
      // The record reports the buffer's own release function. io_free_rsrc_node, which has just
      // been recorded for the same buffer, calls that function.
      found = group
      event.ring = self[group].buffer.ringID
    }
    guard let group = found else { return }
    name(group, &event)
    if record.pointee.release != 0 { self[group].buffer.release = record.pointee.release }
    pending.released =
      ring == nil ? nil : (reference(to: group), record.pointee.priv, header.tid)
    if self[group].times.withdrawn == 0 {
      self[group].times.withdrawn = header.time_ns
      if self[group].members.count == 0 { note(.unused, group) }
    }
    acknowledge(
      group, at: Moment(time: header.time_ns, tid: header.tid),
      function: record.pointee.function.rawValue, isDerived: false)
  }

  private func releasedGroup(
    _ record: UnsafePointer<record_buffer_release>, ring: Handle<RingState>
  ) -> Handle<GroupState>? {
    let key = LentBuffer.key(node: record.pointee.node, buffer: record.pointee.buffer, ring: ring)
    // The kernel reuses the memory of an `io_rsrc_node`. If the return of the known group's buffer
    // was already observed, the node is another buffer's.
    if let known = group(key: key), !self[known].end.isEnded || self[known].end.isDerived {
      return known
    }
    // No record has shown the node with its group, but the argument of the release function
    // identifies the group.
    guard record.pointee.priv != record.pointee.buffer,
      let owned = group(priv: record.pointee.priv),
      self[owned].buffer.ring == ring
    else { return nil }
    return owned
  }

  // MARK: Ends of rings, losses

  /// Ends the groups of a closed ring, because the ring's buffers no longer exist.
  ///
  /// - Parameter lossTime: time at which records were last lost; 0 if none were.
  mutating func ringClosed(_ ring: Handle<RingState>, at moment: Moment, lossTime: UInt64) {
    var group = alive.first
    while group != .none {
      let next = self[group].link.next
      if self[group].buffer.ring == ring { close(group, at: moment, lossTime: lossTime) }
      group = next
    }
    removeSlots(of: ring)
    self[ring].isTableKnown = false
    setOpenBatch(.none, of: ring)
  }

  private mutating func close(_ group: Handle<GroupState>, at moment: Moment, lossTime: UInt64) {
    let state = self[group]
    // A notification or a traced function would have shown the return, unless its record was lost.
    let isLeak =
      state.rules.lifecycle == .notification
      || isReleaseWatched(group) && lossTime <= state.times.start
    if isLeak, state.buffer.providedTime != 0 || state.buffer.key != 0 {
      note(.neverGivenBack, group)
      self[group].end.isLeaked = true
      end(group, time: moment.time)
    } else if state.buffer.providedTime == 0, state.members.count == 0 {
      end(group, time: moment.time)
    } else {
      acknowledge(group, at: moment, function: 0, isDerived: true)
    }
  }

  /// Handles a loss of records: assumes that withdrawn buffers without running members were given
  /// back.
  mutating func recordsLost(time: UInt64) {
    var group = alive.first
    while group != .none {
      let next = self[group].link.next
      if self[group].times.withdrawn != 0, self[group].running == 0 {
        acknowledge(group, at: Moment(time: time, tid: 0), function: 0, isDerived: true)
      }
      group = next
    }
  }
}
