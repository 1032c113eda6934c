import CRecord

/// Groups and buffers in snapshots.
extension LendingTracker {
  func allGroups(now: UInt64) -> [RequestGroup] {
    var all: [RequestGroup] = []
    all.reserveCapacity(Int(alive.count))
    var group = alive.first
    while group != .none {
      all.append(described(self[group], now: now))
      group = self[group].link.next
    }
    forEachEnded { all.append(described(self[$0], now: now)) }
    return all
  }

  /// - Parameter now: the time for which the conditions of a group that has not ended are
  ///   determined.
  func described(_ state: GroupState, now: UInt64) -> RequestGroup {
    var conditions = state.conditions
    if !state.end.isEnded { addPassing(&conditions, state, now: now) }
    return RequestGroup(
      id: state.id, ring: state.buffer.ringID, provider: state.provider,
      state: self.state(state), leader: state.leader, buffer: buffer(state),
      members: members(of: state), memberCount: state.members.count,
      doneCount: state.members.doneCount, failedCount: state.members.failedCount,
      movedBytes: state.members.movedBytes, startTime: state.times.start,
      providedTime: state.buffer.providedTime, withdrawnTime: state.times.withdrawn,
      membersDoneTime: state.times.done, acknowledgement: acknowledgement(of: state),
      conditions: conditions)
  }

  /// Adds the conditions that hold at the time `now` but may cease to hold.
  private func addPassing(_ conditions: inout GroupConditions, _ state: GroupState, now: UInt64) {
    let rules = state.rules
    if state.running > 0, rules.lifecycle != .pool {
      let isLong =
        rules.isOneTransfer && state.buffer.providedTime != 0
        && now.since(state.buffer.providedTime) >= Self.patience
      if state.times.withdrawn != 0 || isLong { conditions.insert(.pinned) }
    }
    let isWaiting = state.times.withdrawn != 0 || rules.isOneTransfer
    if isWaiting, state.members.count > 0, state.running == 0,
      rules.lifecycle != .notification,
      now.since(max(state.times.done, state.times.withdrawn)) >= Self.patience
    {
      conditions.insert(.heldAfterDone)
    }
  }

  private func state(_ state: GroupState) -> RequestGroup.State {
    if state.end.isLeaked { return .leaked }
    if state.end.isEnded { return state.end.isAcknowledged ? .givenBack : .ended }
    if state.rules.lifecycle == .notification {
      return state.leader.hasResult ? .membersDone : .borrowed
    }
    if state.running > 0 {
      return state.buffer.providedTime == 0 && state.leader.isKnown && !state.leader.hasResult
        ? .assembling : .borrowed
    }
    if state.buffer.providedTime == 0, state.buffer.key == 0, state.members.count == 0 {
      return .assembling
    }
    if state.times.withdrawn != 0 || state.rules.isOneTransfer && state.members.count > 0 {
      return .membersDone
    }
    return .provided
  }

  private func buffer(_ state: GroupState) -> GroupBuffer {
    var buffer = GroupBuffer()
    if state.rules.lifecycle == .pool {
      buffer.bgid = state.index.map { UInt16(truncatingIfNeeded: $0) }
    } else {
      buffer.index = state.index
    }
    buffer.address = state.buffer.address
    buffer.length = state.buffer.length
    buffer.offset = state.origin.offset
    buffer.segments = state.buffer.segments
    buffer.direction = state.buffer.direction
    buffer.isKernel = state.buffer.isKernel
    buffer.tag = state.buffer.tag
    buffer.release = releaseName(state.buffer.release)
    buffer.kernelAddress = state.origin.kernelAddress
    let origin = state.origin
    if origin.isUblk {
      var io = GroupBuffer.UblkIO()
      if let name = origin.disk.flatMap({ name(of: $0) }) { io.device = name }
      io.queue = origin.queue
      io.tag = origin.queueTag
      io.operation = origin.operation
      io.sector = GroupBuffer.UblkIO.sector(origin.sector)
      io.length = origin.blockLength
      buffer.ublk = io
    }
    if origin.fuseUnique != 0 {
      var request = GroupBuffer.FuseRequest()
      request.queue = UInt32(origin.queue)
      request.unique = origin.fuseUnique
      request.node = origin.fuseNode
      request.operation = UInt32(origin.operation)
      request.offset = origin.sector
      request.length = origin.blockLength
      buffer.fuse = request
    }
    return buffer
  }

  private func releaseName(_ address: UInt64) -> String {
    address == 0 ? "" : functions.name(of: address) ?? ""
  }

  private func acknowledgement(of state: GroupState) -> RequestGroup.Acknowledgement? {
    guard state.end.isAcknowledged else { return nil }
    return RequestGroup.Acknowledgement(
      callback: callback(of: state), time: state.end.time, tid: state.end.tid,
      isDerived: state.end.isDerived)
  }

  private func callback(of state: GroupState) -> String {
    let own = functions.name(of: state.buffer.release)
    if let seen = ReleaseFunction(rawValue: state.end.function)?.symbol {
      // io_free_rsrc_node calls the buffer's own release function, whose name is more specific.
      return seen == "io_free_rsrc_node" ? own ?? seen : seen
    }
    return own ?? state.provider.traits.acknowledgement
  }

  private func members(of state: GroupState) -> [RequestGroup.Member] {
    var all: [RequestGroup.Member] = []
    all.reserveCapacity(Int(state.members.list.count))
    var member = state.members.list.first
    while member != .none {
      all.append(self[member].member)
      member = self[member].link.next
    }
    return all
  }

  // MARK: Buffers

  func allBuffers() -> [Buffer] {
    var all: [Buffer] = []
    forEachFilledSlot { all.append(buffer(in: $0)) }
    // Adds the buffers that were removed from the table but are still held.
    var group = alive.first
    while group != .none {
      if self[group].times.withdrawn != 0, self[group].slot != .none,
        self[group].rules.lifecycle != .pool
      {
        all.append(withdrawnBuffer(self[group]))
      }
      group = self[group].link.next
    }
    all.sort {
      ($0.ring, $0.kind.rawValue, $0.index, $0.isWithdrawn ? 1 : 0)
        < ($1.ring, $1.kind.rawValue, $1.index, $1.isWithdrawn ? 1 : 0)
    }
    return all
  }

  private func buffer(in slot: BufferSlotState) -> Buffer {
    let buffer = slot.buffer
    let group = slot.group.ifAny
    let borrowers = group.map { self.borrowers(of: self[$0]) } ?? []
    var provider: GroupProvider = slot.kind == .registered ? .registered : .provided
    if let group { provider = self[group].provider }
    if group == nil, buffer.isKernel {
      provider = functions.provider(releasingWith: buffer.release) ?? provider
    }
    var left: UInt32?
    let pool = slot.provided
    if pool.provided >= 0, pool.lookTime == 0 || pool.takenTime <= pool.lookTime {
      left = UInt32(clamping: pool.provided - pool.taken)
    }
    var references = slot.references < 0 ? nil : UInt32(slot.references)
    // The kernel's reference count was last read when a request completed. It lacks the references
    // of requests that borrowed the buffer later, but all of these requests are known.
    if let read = references { references = max(read, UInt32(clamping: borrowers.count)) }
    // If no borrower is known, the reference count is outdated: an inventory walk (BPF iterator)
    // would have found any borrower that is older than the observation.
    if borrowers.isEmpty, references != nil, slot.lastUseTime != 0 { references = 0 }
    return Buffer(
      ring: buffer.ringID, kind: slot.kind, index: slot.index, provider: provider,
      address: buffer.address, length: buffer.length, segments: buffer.segments,
      direction: slot.kind == .registered ? buffer.direction : .both, isKernel: buffer.isKernel,
      tag: buffer.tag, release: releaseName(buffer.release), group: group.map { self[$0].id } ?? 0,
      borrowers: borrowers, references: references, sharers: slot.sharers,
      registeredTime: buffer.providedTime, lastUseTime: slot.lastUseTime,
      useCount: slot.useCount, isWithdrawn: false, buffersLeft: left, bufferCount: pool.count,
      exhaustedCount: pool.exhaustedCount, head: left ?? 0 > 0 ? pool.head : nil,
      twice: pool.twice)
  }

  private func withdrawnBuffer(_ state: GroupState) -> Buffer {
    let borrowers = borrowers(of: state)
    let buffer = state.buffer
    return Buffer(
      ring: buffer.ringID, kind: .registered, index: state.index ?? 0, provider: state.provider,
      address: buffer.address, length: buffer.length, segments: buffer.segments,
      direction: buffer.direction, isKernel: buffer.isKernel, tag: buffer.tag,
      release: releaseName(buffer.release), group: state.id, borrowers: borrowers,
      references: UInt32(clamping: borrowers.count), sharers: 0,
      registeredTime: buffer.providedTime, lastUseTime: state.times.done,
      useCount: state.members.count, isWithdrawn: true, buffersLeft: nil, bufferCount: 0,
      exhaustedCount: 0)
  }

  private func borrowers(of state: GroupState) -> [Request.ID] {
    guard state.running > 0 else { return [] }
    var all: [Request.ID] = []
    var member = state.members.list.first
    while member != .none {
      if !self[member].member.isDone { all.append(self[member].member.request) }
      member = self[member].link.next
    }
    return all
  }
}
