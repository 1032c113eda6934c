import CRecord

/// Tables of registered buffers, and the calls that change them.
extension LendingTracker {
  /// Copies the known facts about the slot's buffer to the group.
  mutating func fill(_ group: Handle<GroupState>, from slot: Handle<BufferSlotState>) {
    self[group].buffer = self[slot].buffer
    setKey(self[slot].buffer.key, of: group)
  }

  /// Handles the start of a list of registered buffers. The record contains a range of slots. One
  /// `buffer_slot` record follows for each slot of the range that holds a buffer. A known slot of
  /// the range is stale until its `buffer_slot` record arrives.
  mutating func bufferTable(
    _ record: UnsafePointer<record_buffer_table>, ring: Handle<RingState>
  ) {
    let opcode = record.pointee.register_opcode
    self[ring].isTableKnown = true
    self[ring].tableCall = opcode == .max ? nil : RegisterOpcode(rawValue: opcode)
    let first = record.pointee.first
    // The range is the whole table if the table no longer exists.
    let end = record.pointee.size == 0 ? UInt32.max : first &+ min(record.pointee.count, 1 << 14)
    var slot = self[ring].slots.first
    while slot != .none {
      if self[slot].kind == .registered, self[slot].index >= first, self[slot].index < end {
        self[slot].isStale = true
      }
      slot = self[slot].link.next
    }
  }

  mutating func bufferSlot(
    _ record: UnsafePointer<record_buffer_slot>, ring: Handle<RingState>,
    _ ublk: inout UblkTracker, _ event: inout Event
  ) {
    let header = record.pointee.base
    let buffer = record.pointee.buffer
    guard buffer.buffer != 0, buffer.index < 1 << 14 else { return }
    event.value = Int64(buffer.index)
    let slot = slotOrNew(ring, .registered, buffer.index)
    let key = LentBuffer.key(buffer, ring: ring)
    self[slot].isStale = false
    let known = self[slot].group
    // Nil if no `io_uring_register` call is under way. The list then comes from uringtop's own read
    // of the table, so the buffer was already in the slot.
    let call = self[ring].tableCall
    let isSame =
      known != .none && (self[known].buffer.key == key || self[known].buffer.key == 0)
    if !isSame {
      if known != .none { withdraw(known, at: Moment(time: header.time_ns, tid: header.tid)) }
      self[slot].useCount = 0
      self[slot].lastUseTime = 0
      self[slot].buffer.providedTime = call == nil ? 0 : header.time_ns
    }
    self[slot].isFilled = true
    self[slot].buffer.key = key
    self[slot].buffer.describe(buffer)
    self[slot].buffer.tag = buffer.tag
    self[slot].sharers = buffer.sharers
    self[slot].references = buffer.references < 0 ? -1 : max(0, buffer.references - 1)
    if isSame {
      if self[known].buffer.key == 0 { fill(known, buffer, key: key) }
      name(known, &event)
      return
    }
    guard idleCount < Self.mostIdle || buffer.is_kernel != 0 else { return }
    let group = begin(
      .registered, on: ring, time: header.time_ns, leader: caller(ring, header))
    self[group].slot = slot
    self[group].index = buffer.index
    self[slot].group = group
    fill(group, buffer, key: key)
    chooseProvider(of: group, &ublk)
    if call != nil { provide(group, time: header.time_ns) }
    name(group, &event)
  }

  /// The `io_uring_register` call that is under way, as a group's leader. Empty if there is none.
  private func caller(_ ring: Handle<RingState>, _ header: record) -> RequestGroup.Leader {
    guard let call = self[ring].tableCall else { return RequestGroup.Leader() }
    return caller(ring, header, call)
  }

  private func caller(
    _ ring: Handle<RingState>, _ header: record, _ call: RegisterOpcode
  ) -> RequestGroup.Leader {
    var leader = RequestGroup.Leader()
    leader.registerOpcode = call
    leader.ring = self[ring].id
    leader.tid = header.tid
    leader.startTime = header.time_ns
    leader.endTime = header.time_ns
    leader.hasResult = true
    return leader
  }

  /// Handles an `io_uring_register` call. The records of the call's buffer table and argument
  /// arrived before this `register` record.
  mutating func registered(
    _ record: UnsafePointer<record_register>, ring: Handle<RingState>, _ event: inout Event
  ) {
    let header = record.pointee.base
    let opcode = record.pointee.opcode & ~(1 << 31)
    let argument = pending.argument
    pending.argument = nil
    if self[ring].tableCall != nil {
      self[ring].tableCall = nil
      emptyStaleSlots(of: ring, at: Moment(time: header.time_ns, tid: header.tid))
      setCaller(of: ring, tgid: record.pointee.tgid)
    }
    guard let argument, argument.base.tid == header.tid, argument.base.ctx == header.ctx,
      record.pointee.result >= 0
    else { return }
    let bgid = UInt32(truncatingIfNeeded: argument.words.1 >> 32) & 0xffff
    switch opcode {
    case Self.registerProvidedRing:
      var leader = caller(ring, header, RegisterOpcode(rawValue: opcode))
      leader.tgid = record.pointee.tgid
      provide(
        bgid, .providedRing, ring, leader, address: argument.words.0,
        count: UInt32(truncatingIfNeeded: argument.words.1), length: 0, time: header.time_ns,
        &event)
    case Self.unregisterProvidedRing:
      guard let slot = slot(ring, .providedRing, bgid) else { return }
      let group = self[slot].group
      self[slot].isFilled = false
      if group != .none { withdraw(group, at: Moment(time: header.time_ns, tid: header.tid)) }
    default: break
    }
  }

  private static var registerProvidedRing: UInt32 { 22 }
  private static var unregisterProvidedRing: UInt32 { 23 }

  /// Sets the process id of the leaders of the groups that an `io_uring_register` call has just
  /// begun. Only the call's `register` record contains the process id.
  private mutating func setCaller(of ring: Handle<RingState>, tgid: UInt32) {
    var group = alive.last
    while group != .none, self[group].leader.tgid == 0, self[group].leader.registerOpcode != nil {
      if self[group].buffer.ring == ring { self[group].leader.tgid = tgid }
      group = self[group].link.previous
    }
  }

  private mutating func emptyStaleSlots(of ring: Handle<RingState>, at moment: Moment) {
    var slot = self[ring].slots.first
    while slot != .none {
      if self[slot].isStale {
        self[slot].isStale = false
        self[slot].isFilled = false
        let group = self[slot].group
        if group != .none { withdraw(group, at: moment) }
        self[slot].group = .none
      }
      slot = self[slot].link.next
    }
  }
}
