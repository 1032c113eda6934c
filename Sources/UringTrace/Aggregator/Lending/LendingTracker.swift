import CRecord

/// Buffers lent to requests: the tables of registered and provided buffers, and the groups of
/// requests that borrow them.
///
/// Memory is bounded: by the history's limit for ended groups, by the kernel's requests in flight
/// and registered buffers for other groups, and by ``keptMembers`` per group for done members.
struct LendingTracker: ~Copyable {
  /// Maximum number of members kept per group after they are done.
  private static var keptMembers: UInt32 { 64 }
  /// Maximum number of application buffers that have groups although no request has used them yet.
  static var mostIdle: UInt64 { 4_096 }

  private var groups = Pool<GroupState>()
  private var members = Pool<MemberState>()
  private var slots = Pool<BufferSlotState>()
  var parts = Pool<RequestLending>()
  private var rings = SideTable<RingState, LendingRing>(LendingRing())

  /// Groups by ``LentBuffer/key``.
  private var keys = AddressTable<GroupState>()
  /// Groups by ``BufferOrigin/priv``.
  private var owners = AddressTable<GroupState>()
  /// Slots by ring, kind and index.
  private var slotKeys = AddressTable<BufferSlotState>()

  /// Groups that have not ended, oldest first.
  private(set) var alive = PoolList<GroupState>()
  private var history: History<Handle<GroupState>>
  private var lastID: RequestGroup.ID = 0
  /// Number of groups that have not ended and have no member.
  private(set) var idleCount: UInt64 = 0
  /// Number of rings with an open SQE group.
  private(set) var openBatchCount = 0

  var functions = ReleaseFunctions()
  private var disks = Numbering<DiskName>(limit: 4_096)
  var pending = PendingRecords()

  init(history limit: Int) {
    history = History(limit: limit)
  }

  var entryCount: Int { groups.count + members.count + slots.count + parts.count }

  subscript(_ group: Handle<GroupState>) -> GroupState {
    @inline(__always)
    _read { yield groups[group] }
    @inline(__always)
    _modify { yield &groups[group] }
  }

  subscript(_ member: Handle<MemberState>) -> MemberState {
    @inline(__always)
    _read { yield members[member] }
    @inline(__always)
    _modify { yield &members[member] }
  }

  subscript(_ slot: Handle<BufferSlotState>) -> BufferSlotState {
    @inline(__always)
    _read { yield slots[slot] }
    @inline(__always)
    _modify { yield &slots[slot] }
  }

  subscript(_ ring: Handle<RingState>) -> LendingRing {
    @inline(__always)
    _read { yield rings[ring] }
    @inline(__always)
    _modify { yield &rings[ring] }
  }

  // MARK: Rings

  mutating func ringBegan(_ ring: Handle<RingState>, id: Ring.ID) {
    rings.reset(ring)
    rings[ring].id = id
  }

  @inline(__always)
  func hasOpenBatch(_ ring: Handle<RingState>) -> Bool {
    openBatchCount != 0 && rings[ring].openBatch.id != 0
  }

  mutating func setOpenBatch(_ group: GroupReference, of ring: Handle<RingState>) {
    if rings[ring].openBatch.id != 0 { openBatchCount -= 1 }
    if group.id != 0 { openBatchCount += 1 }
    rings[ring].openBatch = group
  }

  // MARK: Groups

  /// The group whose buffer has this key. The group may have ended.
  func group(key: UInt64) -> Handle<GroupState>? {
    guard let position = keys.find(key) else { return nil }
    let group = keys[position].handle
    return group != .none && groups[unproven: group].buffer.key == key ? group : nil
  }

  /// The group that has not ended and whose buffer's release function has the argument `priv`.
  func group(priv: UInt64) -> Handle<GroupState>? {
    guard let position = owners.find(priv) else { return nil }
    let group = owners[position].handle
    return group != .none && groups[unproven: group].origin.priv == priv
      && !groups[unproven: group].end.isEnded ? group : nil
  }

  mutating func setKey(_ key: UInt64, of group: Handle<GroupState>) {
    groups[group].buffer.key = key
    guard key != 0 else { return }
    if keys.isCrowded {
      keys.removeDead(groups) { entry, groups in
        groups[unproven: entry.handle].buffer.key == entry.address
      }
    }
    keys[keys.insert(key)].handle = group
  }

  mutating func setPriv(_ priv: UInt64, of group: Handle<GroupState>) {
    groups[group].origin.priv = priv
    guard priv != 0 else { return }
    if owners.isCrowded {
      owners.removeDead(groups) { entry, groups in
        groups[unproven: entry.handle].origin.priv == entry.address
          && !groups[unproven: entry.handle].end.isEnded
      }
    }
    owners[owners.insert(priv)].handle = group
  }

  func reference(to group: Handle<GroupState>) -> GroupReference {
    GroupReference(group: group, id: groups[group].id)
  }

  /// The group of a reference; nil if the group was forgotten.
  func resolve(_ reference: GroupReference) -> Handle<GroupState>? {
    guard reference.id != 0, groups[unproven: reference.group].id == reference.id else {
      return nil
    }
    return reference.group
  }

  mutating func begin(
    _ provider: GroupProvider, on ring: Handle<RingState>, time: UInt64,
    leader: RequestGroup.Leader = RequestGroup.Leader()
  ) -> Handle<GroupState> {
    lastID += 1
    let group = groups.take(GroupState())
    groups[group] = GroupState()
    groups[group].id = lastID
    groups[group].buffer.ring = ring
    groups[group].buffer.ringID = rings[ring].id
    groups[group].provider = provider
    groups[group].rules = provider.rules
    groups[group].times.start = time
    groups[group].leader = leader
    alive.append(group, in: &groups)
    idleCount += 1
    return group
  }

  /// Ends a group: moves it from ``alive`` to the history.
  mutating func retire(_ group: Handle<GroupState>) {
    alive.remove(group, in: &groups)
    if groups[group].members.count == 0 { idleCount -= 1 }
    groups[group].end.isEnded = true
    guard let oldest = history.append(group) else { return }
    if departed != nil {
      let group = described(groups[oldest], now: 0)
      departed?.append(group)
    }
    free(oldest)
  }

  /// Removes a group without members that has no buffer of its own.
  mutating func discard(_ group: Handle<GroupState>) {
    alive.remove(group, in: &groups)
    idleCount -= 1
    free(group)
  }

  private mutating func free(_ group: Handle<GroupState>) {
    var member = groups[group].members.list.first
    while member != .none {
      let next = members[member].link.next
      members[member].member.request = 0
      members.give(back: member)
      member = next
    }
    groups[group].members = GroupMembers()
    groups[group].buffer.key = 0
    groups[group].origin.priv = 0
    groups[group].id = 0
    groups.give(back: group)
  }

  /// Groups that have left the history since the last call of ``Aggregator/takeDepartures()``; nil
  /// unless ``Aggregator/keepDepartures()`` was called.
  var departed: [RequestGroup]?

  /// Calls `body` for each ended group, newest first.
  func forEachEnded(_ body: (Handle<GroupState>) -> Void) {
    for age in 0..<history.count { body(history[age: age]) }
  }

  // MARK: Members

  /// The request's membership; nil if it has none or the membership was forgotten.
  func member(of slot: borrowing RequestSlot) -> Handle<MemberState>? {
    let member = part(of: slot).member
    guard member != .none, members[unproven: member].member.request == slot.request.id else {
      return nil
    }
    return member
  }

  mutating func append(
    _ member: RequestGroup.Member, to group: Handle<GroupState>
  ) -> Handle<MemberState> {
    let handle = members.take(MemberState())
    members[handle] = MemberState(group: group, member: member)
    add(handle, to: group)
    return handle
  }

  private mutating func add(_ member: Handle<MemberState>, to group: Handle<GroupState>) {
    groups[group].members.list.append(member, in: &members)
    if groups[group].members.count == 0, !groups[group].end.isEnded { idleCount -= 1 }
    groups[group].members.count &+= 1
    if members[member].member.opcode.direction != .none {
      groups[group].members.hasTransfer = true
    }
  }

  /// Moves a running member to another group. The old group may be left without members.
  mutating func transfer(_ member: Handle<MemberState>, to group: Handle<GroupState>) {
    let old = members[member].group
    groups[old].members.list.remove(member, in: &members)
    groups[old].members.count &-= 1
    if groups[old].members.count == 0, !groups[old].end.isEnded { idleCount += 1 }
    members[member].group = group
    add(member, to: group)
  }

  /// Drops the oldest member that is done, if the group keeps too many of them.
  mutating func dropOldestMember(of group: Handle<GroupState>) {
    guard groups[group].members.keptDone > Self.keptMembers else { return }
    var member = groups[group].members.list.first
    while member != .none, !members[member].member.isDone { member = members[member].link.next }
    guard member != .none else { return }
    groups[group].members.list.remove(member, in: &members)
    groups[group].members.keptDone -= 1
    members[member].member.request = 0
    members.give(back: member)
  }

  // MARK: Slots

  /// The slot or the group of provided buffers with this index; nil if it was never seen.
  func slot(
    _ ring: Handle<RingState>, _ kind: Buffer.Kind, _ index: UInt32
  ) -> Handle<BufferSlotState>? {
    guard let position = slotKeys.find(Self.slotKey(ring, kind, index)) else { return nil }
    let slot = slotKeys[position].handle
    guard slot != .none, slots[unproven: slot].buffer.ring == ring,
      slots[unproven: slot].index == index,
      (slots[unproven: slot].kind == .registered) == (kind == .registered)
    else { return nil }
    return slot
  }

  /// The slot or the group of provided buffers with this index. Added if it was never seen.
  mutating func slotOrNew(
    _ ring: Handle<RingState>, _ kind: Buffer.Kind, _ index: UInt32
  ) -> Handle<BufferSlotState> {
    if let known = slot(ring, kind, index) { return known }
    let slot = slots.take(BufferSlotState())
    slots[slot] = BufferSlotState(kind: kind, index: index)
    slots[slot].buffer.ring = ring
    slots[slot].buffer.ringID = rings[ring].id
    // At the front, because the newest slot comes first.
    rings[ring].slots.insert(slot, after: .none, in: &slots)
    if slotKeys.isCrowded {
      slotKeys.removeDead(slots) { entry, slots in
        let slot = slots[unproven: entry.handle]
        return slot.buffer.ring != .none
          && Self.slotKey(slot.buffer.ring, slot.kind, slot.index) == entry.address
      }
    }
    slotKeys[slotKeys.insert(Self.slotKey(ring, kind, index))].handle = slot
    return slot
  }

  private static func slotKey(
    _ ring: Handle<RingState>, _ kind: Buffer.Kind, _ index: UInt32
  ) -> UInt64 {
    (UInt64(ring.index) &+ 1) << 33 | (kind == .registered ? 0 : 1) << 32 | UInt64(index)
  }

  mutating func removeSlots(of ring: Handle<RingState>) {
    var slot = rings[ring].slots.first
    while slot != .none {
      let next = slots[slot].link.next
      slots[slot].buffer.ring = .none
      slots[slot].group = .none
      slots[slot].isFilled = false
      slots.give(back: slot)
      slot = next
    }
    rings[ring].slots = PoolList()
  }

  /// The slot that holds the group's buffer now; nil if none does.
  func slot(of group: Handle<GroupState>) -> Handle<BufferSlotState>? {
    let slot = groups[group].slot
    guard slot != .none, slots[unproven: slot].group == group else { return nil }
    return slot
  }

  /// The slot that held the group's buffer and is empty now; nil if the ring no longer has the
  /// slot, or if the slot holds the buffer of this or another group.
  func emptySlot(of group: Handle<GroupState>) -> Handle<BufferSlotState>? {
    let slot = groups[group].slot
    guard slot != .none, slots[unproven: slot].buffer.ring == groups[group].buffer.ring,
      slots[unproven: slot].group == .none
    else { return nil }
    return slot
  }

  /// Calls `body` for each slot that holds a buffer.
  func forEachFilledSlot(_ body: (BufferSlotState) -> Void) {
    slots.forEachSlot { slot in
      if slot.buffer.ring != .none, slot.isFilled { body(copy slot) }
    }
  }

  // MARK: Disks

  /// The number that stands for the disk's name; nil if the record names no disk.
  mutating func disk(_ block: record_block) -> Numbering<DiskName>.Number? {
    DiskName(block).flatMap { disks.number(of: $0) }
  }

  func name(of disk: Numbering<DiskName>.Number) -> String? { disks.key(of: disk)?.text }
}

#if DEBUG
  extension LendingTracker {
    /// Traps unless lists, tables and pools are consistent.
    func checkInvariants(rings all: [Handle<RingState>]) {
      keys.checkInvariants()
      owners.checkInvariants()
      slotKeys.checkInvariants()
      var (memberCount, idle, groupCount) = (0, UInt64(0), 0)
      alive.checkInvariants(in: groups) { handle, group in
        precondition(!group.end.isEnded, "a group that has ended is among those alive")
        if group.members.count == 0 { idle += 1 }
        groupCount += 1
        memberCount += checkMembers(of: handle)
      }
      forEachEnded { handle in
        precondition(groups.isLive(handle), "the history holds a group that was given back")
        precondition(groups[handle].end.isEnded, "a group in the history has not ended")
        groupCount += 1
        memberCount += checkMembers(of: handle)
      }
      precondition(idle == idleCount, "groups without members are miscounted")
      precondition(groupCount == groups.count, "a group is on no list")
      precondition(memberCount == members.count, "a member is on no list")

      var (slotCount, open) = (0, 0)
      for ring in all {
        rings[ring].slots.checkInvariants(in: slots) { handle, slot in
          precondition(slot.buffer.ring == ring, "a slot is in another ring's list")
          precondition(
            slot.group == .none || groups.isLive(slot.group), "a slot's group was given back")
          slotCount += 1
        }
        if rings[ring].openBatch.id != 0 { open += 1 }
      }
      precondition(slotCount == slots.count, "a slot is in no list")
      precondition(open == openBatchCount, "open SQE groups are miscounted")
    }

    private func checkMembers(of group: Handle<GroupState>) -> Int {
      let state = groups[group]
      precondition(state.id != 0 && state.id <= lastID, "a group has no id")
      precondition(state.members.doneCount <= state.members.count, "too many members are done")
      var done: UInt32 = 0
      groups[group].members.list.checkInvariants(in: members) { _, member in
        precondition(member.group == group, "a member is in another group's list")
        if member.member.isDone { done += 1 }
      }
      precondition(done == groups[group].members.keptDone, "members that are done are miscounted")
      return Int(groups[group].members.list.count)
    }
  }
#endif
