import CRecord

/// A group's life: begun, provided, withdrawn, given back.
extension Aggregator {
  /// How long a buffer may be held after it could have been given back, in nanoseconds.
  static var patience: UInt64 { 100_000_000 }

  // MARK: Beginning

  mutating func beginGroup(
    _ provider: GroupProvider, ring: UInt32, time: UInt64, leader: RequestGroup.Leader
  ) -> UInt32 {
    var state = GroupState()
    state.ring = ring
    state.ringID = rings[ring].ring.id
    state.provider = provider
    state.isOneTransfer = provider.traits.isOneTransfer
    state.startTime = time
    state.leader = leader
    return tables.add(state)
  }

  /// What is told of a request as a group's leader.
  func leader(_ slot: UInt32) -> RequestGroup.Leader {
    var leader = RequestGroup.Leader()
    leader.request = slots[slot].request.id
    leader.ring = slots[slot].request.ring
    leader.opcode = slots[slot].request.opcode
    leader.userData = slots[slot].request.userData
    leader.tid = slots[slot].request.submitterTid
    leader.tgid = slots[slot].request.submitterTgid
    leader.startTime = slots[slot].request.startTime
    if slots[slot].request.opcode.isCommand, slots[slot].request.isSQEKnown {
      leader.command = UInt32(truncatingIfNeeded: slots[slot].request.sqe.off)
    }
    return leader
  }

  /// Makes a request the leader of a group: its end is told to the group.
  mutating func lead(_ slot: UInt32, _ group: UInt32) {
    slots[slot].led = group
    slots[slot].ledID = tables.groups[group].id
    slots[slot].joinGroup()
    if slots[slot].request.group == 0 { slots[slot].request.group = tables.groups[group].id }
    nameGroup(group)
  }

  /// The event is about this group.
  func nameGroup(_ group: UInt32) {
    if events.current.group == 0 { events.current.group = tables.groups[group].id }
  }

  /// The buffer is there.
  mutating func provide(_ group: UInt32, time: UInt64) {
    guard tables.groups[group].providedTime == 0 else { return }
    tables.groups[group].providedTime = time
  }

  // MARK: Taking back

  /// The owner takes the buffer back: no new member can borrow it.
  mutating func withdraw(_ group: UInt32, time: UInt64, tid: UInt32) {
    guard !tables.groups[group].isEnded, tables.groups[group].withdrawnTime == 0 else { return }
    if tables.groups[group].isTentative, tables.groups[group].memberCount == 0 {
      leavePlace(group)
      tables.discard(group)
      return
    }
    tables.groups[group].withdrawnTime = max(time, 1)
    if tables.groups[group].memberCount == 0 { note(.unused, group) }
    leavePlace(group)
    deriveReturn(group, time: time, tid: tid)
  }

  /// The buffer is in the slot no more.
  private mutating func leavePlace(_ group: UInt32) {
    let place = tables.groups[group].place
    guard place != noIndex, tables.places[place].ring == tables.groups[group].ring,
      tables.places[place].group == group
    else { return }
    tables.places[place].group = noIndex
    tables.places[place].isFilled = false
  }

  /// Concludes that the buffer was given back if it must have been and no function that is watched
  /// will tell.
  mutating func deriveReturn(_ group: UInt32, time: UInt64, tid: UInt32) {
    guard tables.groups[group].withdrawnTime != 0, tables.groups[group].running == 0,
      !isReleaseWatched(group) || time < tables.watchedTime
    else { return }
    acknowledge(group, time: time, tid: tid, function: 0, isDerived: true)
  }

  /// Whether a watched function will tell when the buffer is given back.
  private func isReleaseWatched(_ group: UInt32) -> Bool {
    let state = tables.groups[group]
    // Without a member's completion only the block request is known of a driver's buffer: enough.
    let isKnown = state.kernelAddress != 0 || state.key != 0 || state.isUblk && state.priv != 0
    guard state.provider != .sqeGroup, isKnown else { return false }
    // A key that is the buffer's address with a ring mixed in is that of a kernel without nodes.
    let isNode = state.key >> 48 == 0xffff || state.isUblk
    let function: ReleaseFunction = isNode ? .freeRsrcNode : .bufferUnmap
    return tables.watched & 1 << UInt64(function.rawValue) != 0
  }

  /// The owner has it again: the group's end. The number is not valid after this.
  mutating func acknowledge(
    _ group: UInt32, time: UInt64, tid: UInt32, function: UInt32, isDerived: Bool
  ) {
    guard !tables.groups[group].isEnded else {
      confirmReturn(group, time: time, tid: tid, function: function, isDerived: isDerived)
      return
    }
    tables.groups[group].hasAcknowledgement = true
    tables.groups[group].acknowledgedTime = time
    tables.groups[group].acknowledgedTid = tid
    tables.groups[group].releaseFunction = function
    tables.groups[group].isDerived = isDerived
    endGroup(group, time: time)
  }

  /// What was concluded is now seen, or seen better: the release function itself comes just after the
  /// one that calls it.
  private mutating func confirmReturn(
    _ group: UInt32, time: UInt64, tid: UInt32, function: UInt32, isDerived: Bool
  ) {
    guard !isDerived, tables.groups[group].hasAcknowledgement else { return }
    tables.groups[group].acknowledgedTime = time
    tables.groups[group].acknowledgedTid = tid
    tables.groups[group].releaseFunction = function
    tables.groups[group].isDerived = false
  }

  /// Ends a group that was given back, never provided, or leaked. Its number is not valid after this.
  mutating func endGroup(_ group: UInt32, time: UInt64) {
    let state = tables.groups[group]
    noteDelays(of: group, time: time)
    if state.hasAcknowledgement, state.isOneTransfer, state.memberCount > 0, state.length > 0,
      state.movedBytes < state.length
    {
      note(.partlyFilled, group)
    }
    if state.withdrawnTime == 0, state.memberCount == 0, state.providedTime != 0,
      state.provider != .sendZC
    {
      note(.unused, group)
    }
    leavePlace(group)
    if let oldest = tables.retire(group) { forgetGroup(oldest) }
  }

  /// What took long, if it was given back.
  private mutating func noteDelays(of group: UInt32, time: UInt64) {
    let state = tables.groups[group]
    guard state.hasAcknowledgement, state.memberCount > 0, state.provider != .provided else {
      return
    }
    // The owner of a transfer waits for it from the beginning, an application from when it wants it.
    let start = state.isOneTransfer ? state.providedTime : state.withdrawnTime
    if start != 0, state.doneTime > start, state.doneTime - start >= Self.patience {
      note(.givenBackLate, group)
    }
    let done = state.isOneTransfer ? state.doneTime : max(state.doneTime, state.withdrawnTime)
    if state.running == 0, time.since(done) >= Self.patience { note(.heldAfterDone, group) }
  }

  /// Frees what the history does not hold any more.
  private mutating func forgetGroup(_ group: UInt32) {
    var number = tables.groups[group].firstMember
    while number != noIndex {
      let next = tables.members[number].next
      let slot = tables.members[number].slot
      if slot != noIndex, !tables.members[number].member.isDone, slots[slot].member == number {
        slots[slot].member = noIndex
      }
      tables.members.give(back: number)
      number = next
    }
    tables.groups[group].key = 0
    tables.groups[group].priv = 0
    tables.groups[group].id = 0
    tables.groups.give(back: group)
  }

  mutating func note(_ condition: GroupCondition, _ group: UInt32) {
    tables.groups[group].conditions.insert(condition)
  }

  // MARK: Seen to be given back

  mutating func bufferRelease(_ record: UnsafePointer<record_buffer_release>) {
    let header = record.pointee.base
    let function = record.pointee.function
    var group: UInt32?
    if header.ctx != 0 {
      // At a ring's end its buffers go after everything else.
      guard let ring = knownRing(header.ctx) else { return }
      events.current.ring = rings[ring].ring.id
      group = tables.group(
        key: GroupTables.key(
          node: record.pointee.node, buffer: record.pointee.buffer, ring: ring))
      // The kernel uses nodes again: what was seen to be given back is not given back once more.
      if let found = group, tables.groups[found].isEnded, !tables.groups[found].isDerived {
        group = nil
      }
      // A node that this group never had shown: found by what its release function gets.
      if group == nil, record.pointee.priv != record.pointee.buffer {
        group = tables.group(priv: record.pointee.priv)
        if let found = group, tables.groups[found].ring != ring { group = nil }
      }
    } else if let last = lastReleased, last.priv == record.pointee.priv, last.tid == header.tid,
      tables.groups[last.group].id == last.id
    {
      // The function that io_free_rsrc_node has just called.
      group = last.group
      events.current.ring = tables.groups[last.group].ringID
    }
    guard let group, tables.groups[group].id != 0 else { return }
    nameGroup(group)
    if record.pointee.release != 0 { tables.groups[group].release = record.pointee.release }
    lastReleased =
      header.ctx == 0
      ? nil : (group, tables.groups[group].id, record.pointee.priv, header.tid)
    if tables.groups[group].withdrawnTime == 0 {
      tables.groups[group].withdrawnTime = header.time_ns
      if tables.groups[group].memberCount == 0 { note(.unused, group) }
    }
    acknowledge(
      group, time: header.time_ns, tid: header.tid, function: function.rawValue, isDerived: false)
  }

  mutating func symbol(_ record: UnsafePointer<record_symbol>) {
    let name = GroupTables.symbolName(record)
    let address = record.pointee.address
    if address < 64 {
      tables.watched |= 1 << address
      tables.watchedTime = max(tables.watchedTime, record.pointee.base.time_ns)
      return
    }
    if tables.symbols.count >= 4_096 { tables.symbols.removeAll() }
    tables.symbols[address] = name
    for traits in GroupProviderTraits.all where traits.releases.contains(name) {
      // Automatic registration has the function of the explicit one: the first named stands for both.
      if tables.providers[address] == nil { tables.providers[address] = GroupProvider(traits) }
    }
  }

  // MARK: Ends of rings, losses

  /// The ring is gone, and its buffers with it.
  mutating func closeGroups(of ring: UInt32, time: UInt64, tid: UInt32) {
    var group = tables.firstAlive
    while group != noIndex {
      let next = tables.groups[group].next
      if tables.groups[group].ring == ring { closeGroup(group, time: time, tid: tid) }
      group = next
    }
    removePlaces(of: ring)
    rings[ring].isTableKnown = false
    rings[ring].openSQEGroup = noIndex
  }

  private mutating func closeGroup(_ group: UInt32, time: UInt64, tid: UInt32) {
    let state = tables.groups[group]
    // A notification, or a function that is watched, would have told, unless that was lost.
    let isLeak =
      state.provider == .sendZC || isReleaseWatched(group) && lossTime <= state.startTime
    if isLeak, state.providedTime != 0 || state.key != 0 {
      note(.neverGivenBack, group)
      tables.groups[group].isLeaked = true
      endGroup(group, time: time)
    } else if state.providedTime == 0, state.memberCount == 0 {
      endGroup(group, time: time)
    } else {
      acknowledge(group, time: time, tid: tid, function: 0, isDerived: true)
    }
  }

  /// Records were lost: what was only waiting to be told has probably happened.
  mutating func healGroups(time: UInt64, tid: UInt32) {
    var group = tables.firstAlive
    while group != noIndex {
      let next = tables.groups[group].next
      if tables.groups[group].withdrawnTime != 0, tables.groups[group].running == 0 {
        acknowledge(group, time: time, tid: tid, function: 0, isDerived: true)
      }
      group = next
    }
  }
}

extension GroupTables {
  /// Without the module's name behind it.
  fileprivate static func symbolName(_ record: UnsafePointer<record_symbol>) -> String {
    withUnsafeBytes(of: record.pointee.name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }
  }
}
