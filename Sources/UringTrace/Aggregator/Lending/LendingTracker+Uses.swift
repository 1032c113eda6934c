import CRecord

/// Observed uses of buffers by requests.
extension LendingTracker {
  mutating func used(
    _ record: UnsafePointer<record_buffer_use>, by slot: inout RequestSlot,
    _ ublk: inout UblkTracker, _ event: inout Event
  ) {
    let header = record.pointee.base
    let ring = slot.ring
    let block = pending.block
    pending.block = nil
    // A request can be in only one group. Other buffers that a member of an SQE group borrows are
    // not tracked.
    if let own = member(of: slot), self[self[own].group].rules.lifecycle == .batch { return }
    let buffer = record.pointee.buffer
    let key = LentBuffer.key(buffer, ring: ring)
    let group = borrowed(&slot, buffer, key: key, time: header.time_ns, &event)
    fill(group, buffer, key: key)
    if let block, block.request == buffer.priv { fill(group, block) }
    chooseProvider(of: group, &ublk)
    provide(group, time: self[group].buffer.providedTime != 0 ? 0 : header.time_ns)
    if let member = member(of: slot) {
      self[member].member.isConfirmed = true
      setOffset(of: member, slot)
    }
    name(group, &event)
    noteUse(of: group, buffer, at: Moment(time: header.time_ns, tid: header.tid))
  }

  /// Handles a request that an inventory walk (BPF iterator) found holding a buffer that is no
  /// longer in a slot.
  mutating func held(
    _ buffer: record_buffer, by slot: inout RequestSlot, _ ublk: inout UblkTracker,
    at moment: Moment, _ event: inout Event
  ) {
    if let own = member(of: slot), self[self[own].group].rules.lifecycle == .batch { return }
    let key = LentBuffer.key(buffer, ring: slot.ring)
    let group = borrowed(&slot, buffer, key: key, time: moment.time, &event)
    fill(group, buffer, key: key)
    chooseProvider(of: group, &ublk)
    if let member = member(of: slot) { self[member].member.isConfirmed = true }
    name(group, &event)
    if self[group].rules.lifecycle != .submission { withdraw(group, at: moment) }
  }

  /// Returns the group of the buffer that a request used, and makes the request a member of this
  /// group.
  private mutating func borrowed(
    _ slot: inout RequestSlot, _ buffer: record_buffer, key: UInt64, time: UInt64,
    _ event: inout Event
  ) -> Handle<GroupState> {
    if let known = group(key: key), !self[known].end.isEnded, !endIfReused(known, by: buffer, time)
    {
      // The request may already be in another group. That group was begun while the group of the
      // buffer was still unknown.
      let member = member(of: slot)
      if known != member.map({ self[$0].group }) { enter(known, &slot, member, &event) }
      return known
    }
    // Looked up only now, because `endIfReused` may have ended the request's own group.
    let member = member(of: slot)
    let current = member.map { self[$0].group }
    if let current, self[current].buffer.key == 0, !self[current].end.isEnded,
      self[current].origin.priv == 0 || self[current].origin.priv == buffer.priv
    {
      return current
    }
    // The group was so far known only by its block request, which the record of the leader's
    // command named.
    if buffer.is_kernel != 0, let owned = group(priv: buffer.priv), self[owned].buffer.key == 0,
      self[owned].buffer.ring == slot.ring
    {
      if owned != current { enter(owned, &slot, member, &event) }
      return owned
    }
    let new = begin(.registered, on: slot.ring, time: time)
    let bufferSlot = slotOrNew(slot.ring, .registered, buffer.index)
    self[new].slot = bufferSlot
    self[new].index = buffer.index
    if buffer.in_table != 0 { self[bufferSlot].group = new }
    enter(new, &slot, member, &event)
    return new
  }

  /// Ends a group if the kernel has reused the `io_rsrc_node` of its buffer for another buffer. The
  /// return of the group's own buffer was then not observed.
  ///
  /// - Returns: true if the node was reused.
  private mutating func endIfReused(
    _ group: Handle<GroupState>, by buffer: record_buffer, _ time: UInt64
  ) -> Bool {
    let state = self[group]
    let isReused =
      if state.origin.priv != 0, buffer.is_kernel != 0 {
        state.origin.priv != buffer.priv
      } else {
        buffer.in_table != 0 && state.rules.isProvisional && state.index != nil
          && state.index != buffer.index
      }
    guard isReused else { return false }
    let reference = GroupReference(group: group, id: state.id)
    let moment = Moment(time: time, tid: 0)
    withdraw(group, at: moment)
    if resolve(reference) != nil { acknowledge(group, at: moment, function: 0, isDerived: true) }
    return true
  }

  private mutating func enter(
    _ group: Handle<GroupState>, _ slot: inout RequestSlot, _ member: Handle<MemberState>?,
    _ event: inout Event
  ) {
    if let member {
      move(member, of: &slot, to: group)
    } else {
      join(&slot, group, &event)
    }
  }

  /// Records the kernel's reference count, and withdraws the buffer if its slot has been emptied.
  private mutating func noteUse(
    of group: Handle<GroupState>, _ buffer: record_buffer, at moment: Moment
  ) {
    if let bufferSlot = slot(of: group) {
      self[bufferSlot].lastUseTime = moment.time
      self[bufferSlot].sharers = buffer.sharers
      // Excludes the reference of the table, and that of the completing request, which drops its
      // reference now.
      self[bufferSlot].references = buffer.references < 0 ? -1 : max(0, buffer.references - 2)
    }
    if buffer.in_table == 0, self[group].rules.lifecycle != .submission {
      withdraw(group, at: moment)
    }
  }

  // MARK: Describing

  mutating func fill(_ group: Handle<GroupState>, _ buffer: record_buffer, key: UInt64) {
    if self[group].buffer.key != key { setKey(key, of: group) }
    if buffer.is_kernel != 0, self[group].origin.priv != buffer.priv {
      setPriv(buffer.priv, of: group)
    }
    self[group].origin.kernelAddress = buffer.buffer
    self[group].buffer.describe(buffer)
    if buffer.tag != 0 { self[group].buffer.tag = buffer.tag }
  }

  /// Notes that the buffer is the memory of a block request.
  mutating func fill(_ group: Handle<GroupState>, _ block: record_block) {
    let disk = disk(block)
    self[group].origin.isUblk = true
    self[group].origin.disk = disk
    self[group].origin.queue = block.queue
    self[group].origin.queueTag = block.tag
    self[group].origin.operation = UInt8(truncatingIfNeeded: block.operation)
    self[group].origin.sector = block.sector
    self[group].origin.blockLength = block.length
  }

  /// Chooses the provider of a kernel buffer by the buffer's release function, as long as the
  /// group's provider is provisional.
  mutating func chooseProvider(of group: Handle<GroupState>, _ ublk: inout UblkTracker) {
    guard self[group].buffer.isKernel, self[group].rules.isProvisional else { return }
    var provider =
      functions.provider(releasingWith: self[group].buffer.release)
      ?? (self[group].origin.isUblk ? .ublk : self[group].provider)
    if let automatic = provider.rules.automaticVariant,
      let leader = ublk.automaticLeader(of: self[group])
    {
      provider = automatic
      self[group].leader = leader
    }
    self[group].provider = provider
    self[group].rules = provider.rules
  }
}
