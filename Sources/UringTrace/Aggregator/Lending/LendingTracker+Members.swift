import CRecord

/// Requests that borrow buffers.
extension LendingTracker {
  // MARK: Joining

  /// Makes a request a member of a group.
  mutating func join(
    _ slot: inout RequestSlot, _ group: Handle<GroupState>, _ event: inout Event
  ) {
    var member = RequestGroup.Member()
    member.request = slot.request.id
    member.opcode = slot.request.opcode
    member.userData = slot.request.userData
    member.tid = slot.request.submitterTid
    member.startTime = slot.request.startTime
    let sqe = slot.request.sqe
    if slot.request.isSQEKnown, slot.request.opcode.length == .bytes {
      member.askedBytes = UInt64(sqe.len)
    }
    let handle = append(member, to: group)
    changePart(of: &slot) { $0.member = handle }
    slot.joinLending()
    setGroup(of: &slot, to: reference(to: group), as: .member)
    name(group, &event)
    setOffset(of: handle, slot)
    if sqe.flags & SQEFlags.bufferSelect.rawValue != 0, self[group].rules.lifecycle != .pool {
      note(.selectsProvided, group)
    }
  }

  /// Makes a request a member of the group whose buffer is in the slot that the request names (in
  /// the ring's table of registered buffers). Begins a group if the slot has none.
  mutating func borrow(_ slot: inout RequestSlot, _ index: UInt32, _ event: inout Event) {
    guard member(of: slot) == nil else { return }
    let ring = slot.ring
    let bufferSlot = slotOrNew(ring, .registered, index)
    if self[bufferSlot].group == .none {
      // Either the slot holds a buffer not seen so far, or the index is wrong; the completion will
      // show which.
      let group = begin(.registered, on: ring, time: slot.request.startTime)
      self[group].slot = bufferSlot
      self[group].index = index
      if self[bufferSlot].isFilled { fill(group, from: bufferSlot) }
      guard self[bufferSlot].isFilled || !self[ring].isTableKnown else {
        join(&slot, group, &event)
        return
      }
      self[bufferSlot].group = group
    }
    join(&slot, self[bufferSlot].group, &event)
  }

  /// Offset from the buffer's start at which a member's transfer begins; nil if unknown.
  func offset(of slot: borrowing RequestSlot, in group: Handle<GroupState>) -> UInt64? {
    guard slot.request.isSQEKnown, slot.request.opcode.length == .bytes,
      self[group].rules.lifecycle != .pool
    else { return nil }
    let address = slot.request.sqe.addr
    let base = self[group].buffer.isKernel ? 0 : self[group].buffer.address
    return address >= base && base != 0 || address < 1 << 32 ? address &- base : 0
  }

  mutating func setOffset(of member: Handle<MemberState>, _ slot: borrowing RequestSlot) {
    if let offset = offset(of: slot, in: self[member].group) {
      self[member].member.offset = offset
    }
  }

  /// Moves a member into the group that the previous request of its chain leads or has joined, if
  /// that group has the buffer slot that the member names. Several groups can be about to fill the
  /// same slot. The chain shows which of them is meant, even if the member is cancelled and so
  /// never uses the buffer.
  mutating func linked(_ slot: inout RequestSlot, behind previous: borrowing RequestSlot) {
    guard let member = member(of: slot),
      case .registered(let index)? = slot.request.bufferReference,
      let group = leadOrJoined(by: previous),
      self[group].index == UInt32(index), !self[group].end.isEnded, self[member].group != group
    else { return }
    move(member, of: &slot, to: group)
  }

  private func leadOrJoined(by slot: borrowing RequestSlot) -> Handle<GroupState>? {
    if let led = resolve(part(of: slot).led) { return led }
    return member(of: slot).map { self[$0].group }
  }

  /// Moves a member to the group that it turns out to belong to.
  mutating func move(
    _ member: Handle<MemberState>, of slot: inout RequestSlot, to group: Handle<GroupState>
  ) {
    let old = self[member].group
    transfer(member, to: group)
    setGroup(of: &slot, to: reference(to: group), as: .member)
    // A group with no member, no leader and no buffer left was begun for this request alone.
    if self[old].members.count == 0, !self[old].end.isEnded, self[old].buffer.providedTime == 0,
      !self[old].leader.isKnown
    {
      if let bufferSlot = self.slot(of: old) { self[bufferSlot].group = group }
      discard(old)
    }
  }

  // MARK: Leaving

  /// Handles a CQE after which the request continues.
  @inline(never)
  mutating func posted(
    _ slot: inout RequestSlot, _ result: Int32, _ flags: CQEFlags, time: UInt64,
    _ event: inout Event
  ) {
    if let led = resolve(part(of: slot).led) {
      self[led].leader.result = result
      self[led].leader.hasResult = true
    }
    guard let member = member(of: slot) else { return }
    name(self[member].group, &event)
    self[member].member.result = result
    self[member].member.hasResult = true
    count(result, flags, member, time: time)
  }

  /// Counts the bytes and provided buffers of one CQE.
  private mutating func count(
    _ result: Int32, _ flags: CQEFlags, _ member: Handle<MemberState>, time: UInt64
  ) {
    let group = self[member].group
    let opcode = self[member].member.opcode
    // Positive results of other opcodes are not byte counts.
    if result > 0, opcode.direction != .none {
      self[member].member.movedBytes &+= UInt64(result)
      self[group].members.movedBytes &+= UInt64(result)
      if opcode.takesFromStream { self[group].members.hasConsumedStream = true }
    }
    if self[group].rules.lifecycle == .pool { takeProvided(member, result, flags, time: time) }
  }

  /// Handles the end of a member.
  mutating func memberEnded(
    _ slot: inout RequestSlot, at moment: Moment, _ event: inout Event
  ) {
    guard let member = member(of: slot) else { return }
    changePart(of: &slot) { $0.member = .none }
    let group = self[member].group
    name(group, &event)
    if slot.request.hasResult {
      let isCounted =
        self[member].member.hasResult && slot.request.opcode.isZeroCopySend
      self[member].member.result = slot.request.result
      self[member].member.hasResult = true
      if !isCounted {
        count(
          slot.request.result, CQEFlags(rawValue: slot.request.cqeFlags), member,
          time: moment.time)
      }
    }
    self[member].member.endTime = max(moment.time, 1)
    self[member].member.userData = slot.request.userData
    self[group].members.doneCount &+= 1
    self[group].times.done = moment.time
    self[group].members.keptDone &+= 1
    judge(member, slot)
    if let bufferSlot = self.slot(of: group) {
      self[bufferSlot].lastUseTime = moment.time
      self[bufferSlot].useCount &+= 1
    }
    dropOldestMember(of: group)
    if !self[group].end.isEnded { lastMemberEnded(group, at: moment) }
  }

  /// Updates a group after a member's end. The handle may be invalid afterwards.
  private mutating func lastMemberEnded(_ group: Handle<GroupState>, at moment: Moment) {
    let state = self[group]
    // True if the slot never held a buffer.
    let isEmpty =
      state.buffer.key == 0 && !state.leader.isKnown && state.rules.isProvisional
      && state.conditions.contains(.emptySlot)
    // True if the leader failed, and the members only waited for its buffer.
    let isRefused = state.buffer.providedTime == 0 && state.conditions.contains(.leaderFailed)
    if state.running == 0, isEmpty || isRefused {
      end(group, time: moment.time)
      return
    }
    switch state.rules.lifecycle {
    case .batch:
      // In an SQE group, a leader that has ended before its members posts no CQE. Any other leader
      // posts its CQE after the last member, and that CQE ends the group.
      if state.leader.endTime != 0 { finishBatch(group, isSilent: true, at: moment) }
    case .submission: finishSubmission(group, at: moment)
    case .slot, .pool, .notification: deriveReturn(group, at: moment)
    }
  }

  /// Notes the faults of a member that is done.
  private mutating func judge(_ handle: Handle<MemberState>, _ slot: borrowing RequestSlot) {
    let member = self[handle].member
    let group = self[handle].group
    let lifecycle = self[group].rules.lifecycle
    guard member.hasResult else { return }
    if member.isShort, !slot.isMultishot, lifecycle != .pool,
      member.opcode.direction != .none
    {
      note(.shortMember, group)
    }
    guard member.result < 0 else { return }
    self[group].members.failedCount &+= 1
    if member.result == -ErrorNumber.canceled.rawValue {
      self[handle].member.isCancelled = true
      note(.membersCancelled, group)
      return
    }
    if lifecycle == .pool {
      if member.result != -ErrorNumber.noBuffers.rawValue { note(.memberFailed, group) }
      return
    }
    note(.memberFailed, group)
    if self[group].members.hasConsumedStream { note(.streamDataLost, group) }
    let isFault = member.result == -ErrorNumber.fault.rawValue
    let isInvalid =
      member.result == -ErrorNumber.invalid.rawValue && lifecycle == .batch
      && self[group].buffer.providedTime != 0
    guard isFault || isInvalid else { return }
    if isFault, !member.isConfirmed, !isFilled(group) {
      note(.emptySlot, group)
      return
    }
    switch (self[group].buffer.direction, member.opcode.direction) {
    case (.destination, .write), (.source, .read):
      note(.wrongDirection, group)
      return
    default: break
    }
    if isFault, isOutside(member, slot, group) { note(.outOfRange, group) }
  }

  /// True if the group had a buffer that a member could use.
  private func isFilled(_ group: Handle<GroupState>) -> Bool {
    self[group].buffer.key != 0 || self[group].buffer.providedTime != 0
      || self[group].rules.lifecycle == .batch
  }

  private func isOutside(
    _ member: RequestGroup.Member, _ slot: borrowing RequestSlot, _ group: Handle<GroupState>
  ) -> Bool {
    let buffer = self[group].buffer
    guard buffer.length > 0, slot.request.isSQEKnown, member.opcode.length == .bytes
    else { return false }
    let address = slot.request.sqe.addr
    let base = buffer.isKernel ? 0 : buffer.address
    let (end, overflow) = address.addingReportingOverflow(UInt64(slot.request.sqe.len))
    return overflow || address < base || end > base &+ buffer.length
  }

  // MARK: Leaders

  /// Handles the end of a leader.
  mutating func leaderEnded(
    _ slot: inout RequestSlot, at moment: Moment, _ event: inout Event
  ) {
    let led = part(of: slot).led
    guard led.id != 0 else { return }
    changePart(of: &slot) { $0.led = .none }
    guard let group = resolve(led) else { return }
    name(group, &event)
    let hasResult = slot.request.hasResult
    let result = slot.request.result
    // The request is not the leader if it only added buffers to a group of provided buffers that
    // the leader had begun.
    if self[group].leader.request == slot.request.id {
      self[group].leader.endTime = max(moment.time, 1)
      // If the request is older than the observation, only its CQE shows its `user_data`.
      self[group].leader.userData = slot.request.userData
      self[group].leader.hasResult = hasResult
      self[group].leader.result = result
    }
    let failed = hasResult && result < 0
    if failed, !self[group].end.isEnded { note(.leaderFailed, group) }
    switch self[group].rules.lifecycle {
    case .notification: finishSend(slot, group, at: moment)
    case .batch: finishBatch(group, isSilent: slot.request.state == .skipped, at: moment)
    case .submission: finishSubmission(group, at: moment)
    case .pool: finishProviding(slot, group)
    case .slot: finishRegistration(slot, group, failed: failed, time: moment.time)
    }
  }

  /// Handles the end of a command that withdraws a buffer.
  mutating func withdrawalEnded(
    _ slot: inout RequestSlot, at moment: Moment, _ event: inout Event
  ) {
    let withdraws = part(of: slot).withdraws
    guard withdraws.id != 0 else { return }
    changePart(of: &slot) { $0.withdraws = .none }
    guard let group = resolve(withdraws) else { return }
    name(group, &event)
    self[group].isBeingWithdrawn = false
    if slot.request.hasResult, slot.request.result == 0 { withdraw(group, at: moment) }
  }

  /// Handles the end of a command that puts a buffer into a slot. The command may have failed.
  private mutating func finishRegistration(
    _ slot: borrowing RequestSlot, _ group: Handle<GroupState>, failed: Bool, time: UInt64
  ) {
    guard !self[group].end.isEnded else { return }
    let hasResult = slot.request.hasResult
    if failed || !hasResult {
      if let bufferSlot = self.slot(of: group) { self[bufferSlot].group = .none }
      if failed, self[group].running == 0 { end(group, time: time) }
      return
    }
    provide(group, time: time)
    // The slot may hold another group's buffer now, or the ring may be closed.
    let bufferSlot = self[group].slot
    guard bufferSlot != .none, self[group].times.withdrawn == 0 else { return }
    let old = self[bufferSlot].group
    if old != group, old != .none { withdraw(old, at: Moment(time: time, tid: 0)) }
    self[bufferSlot].group = group
    self[bufferSlot].isFilled = true
    self[bufferSlot].references = 0
    let buffer = self[group].buffer
    self[bufferSlot].buffer.isKernel = true
    self[bufferSlot].buffer.providedTime = time
    self[bufferSlot].buffer.length = buffer.length
    self[bufferSlot].buffer.segments = buffer.segments
    self[bufferSlot].buffer.direction = buffer.direction
    self[bufferSlot].buffer.release = buffer.release
    self[bufferSlot].buffer.key = buffer.key
  }
}

extension SQEFlags {
  /// IOSQE_SQE_GROUP of the SQE-group patch series; invalid on other kernels.
  static var group: UInt8 { 1 << 7 }
}

extension Opcode {
  static let provideBuffers = Opcode(rawValue: 31)
  static let removeBuffers = Opcode(rawValue: 32)

  /// True if the opcode consumes data from a stream, so that later requests cannot get this data.
  var takesFromStream: Bool { self == .recv || self == .recvmsg }
  private static let recv = Opcode(rawValue: 27)
  private static let recvmsg = Opcode(rawValue: 10)
}
