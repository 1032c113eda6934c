import CRecord

/// Groups and buffers as a snapshot shows them.
extension Aggregator {
  func allGroups() -> [RequestGroup] {
    var all: [RequestGroup] = []
    all.reserveCapacity(tables.aliveCount + tables.history.count)
    var group = tables.firstAlive
    while group != noIndex {
      all.append(self.group(group))
      group = tables.groups[group].next
    }
    for age in 0..<tables.history.count { all.append(self.group(tables.history[age: age])) }
    return all
  }

  private func group(_ number: UInt32) -> RequestGroup {
    let state = tables.groups[number]
    var conditions = state.conditions
    if !state.isEnded { addPassing(&conditions, state) }
    return RequestGroup(
      id: state.id, ring: state.ringID, provider: state.provider, state: self.state(state),
      leader: state.leader, buffer: buffer(state), members: members(of: number),
      memberCount: state.memberCount, doneCount: state.doneCount, failedCount: state.failedCount,
      movedBytes: state.movedBytes, startTime: state.startTime, providedTime: state.providedTime,
      withdrawnTime: state.withdrawnTime, membersDoneTime: state.doneTime,
      acknowledgement: acknowledgement(of: state), conditions: conditions)
  }

  /// Conditions that are so now and can pass.
  private func addPassing(_ conditions: inout GroupConditions, _ state: GroupState) {
    if state.running > 0, state.provider != .provided {
      let isLong =
        state.isOneTransfer && state.providedTime != 0
        && clock.now.since(state.providedTime) >= Self.patience
      if state.withdrawnTime != 0 || isLong { conditions.insert(.pinned) }
    }
    let isWaiting = state.withdrawnTime != 0 || state.isOneTransfer
    if isWaiting, state.memberCount > 0, state.running == 0, state.provider != .sendZC,
      clock.now.since(max(state.doneTime, state.withdrawnTime)) >= Self.patience
    {
      conditions.insert(.heldAfterDone)
    }
  }

  private func state(_ state: GroupState) -> RequestGroup.State {
    if state.isLeaked { return .leaked }
    if state.isEnded { return .givenBack }
    if state.provider == .sendZC { return state.leader.hasResult ? .membersDone : .borrowed }
    if state.running > 0 {
      return state.providedTime == 0 && state.leader.isKnown && !state.leader.hasResult
        ? .assembling : .borrowed
    }
    if state.providedTime == 0, state.key == 0, state.memberCount == 0 { return .assembling }
    if state.withdrawnTime != 0 || state.isOneTransfer && state.memberCount > 0 {
      return .membersDone
    }
    return .provided
  }

  private func buffer(_ state: GroupState) -> GroupBuffer {
    var buffer = GroupBuffer()
    if state.provider == .provided {
      buffer.bgid = state.index.map { UInt16(truncatingIfNeeded: $0) }
    } else {
      buffer.index = state.index
    }
    buffer.address = state.address
    buffer.length = state.length
    buffer.offset = state.offset
    buffer.segments = state.segments
    buffer.direction = state.direction
    buffer.isKernel = state.isKernel
    buffer.tag = state.tag
    buffer.release = state.release == 0 ? "" : tables.symbols[state.release] ?? ""
    buffer.kernelAddress = state.kernelAddress
    if state.isUblk {
      var io = GroupBuffer.UblkIO()
      if state.disk != noIndex, Int(state.disk) < tables.disks.count {
        io.device = tables.disks[Int(state.disk)].text
      }
      io.queue = state.queue
      io.tag = state.queueTag
      io.operation = state.operation
      io.sector = state.sector
      io.length = state.blockLength
      buffer.ublk = io
    }
    if state.fuseUnique != 0 {
      var request = GroupBuffer.FuseRequest()
      request.queue = UInt32(state.queue)
      request.unique = state.fuseUnique
      request.node = state.fuseNode
      request.operation = UInt32(state.operation)
      request.offset = state.sector
      request.length = state.blockLength
      buffer.fuse = request
    }
    return buffer
  }

  private func acknowledgement(of state: GroupState) -> RequestGroup.Acknowledgement? {
    guard state.hasAcknowledgement else { return nil }
    return RequestGroup.Acknowledgement(
      callback: callback(of: state), time: state.acknowledgedTime, tid: state.acknowledgedTid,
      isDerived: state.isDerived)
  }

  private func callback(of state: GroupState) -> String {
    if let seen = ReleaseFunction(rawValue: state.releaseFunction)?.symbol {
      // io_free_rsrc_node calls the buffer's own function, whose name says more.
      if seen == "io_free_rsrc_node", let own = tables.symbols[state.release] { return own }
      return seen
    }
    return tables.symbols[state.release] ?? state.provider.traits.acknowledgement
  }

  private func members(of group: UInt32) -> [RequestGroup.Member] {
    var all: [RequestGroup.Member] = []
    var number = tables.groups[group].firstMember
    while number != noIndex {
      all.append(tables.members[number].member)
      number = tables.members[number].next
    }
    return all
  }

  // MARK: Buffers

  func allBuffers() -> [Buffer] {
    var all: [Buffer] = []
    for place in 0..<tables.places.end
    where tables.places[place].ring != noIndex && tables.places[place].isFilled {
      all.append(buffer(at: place))
    }
    // Those that are in no table any more, and still held.
    var group = tables.firstAlive
    while group != noIndex {
      if tables.groups[group].withdrawnTime != 0, tables.groups[group].place != noIndex,
        tables.groups[group].provider != .provided
      {
        all.append(withdrawnBuffer(group))
      }
      group = tables.groups[group].next
    }
    all.sort {
      ($0.ring, $0.kind.rawValue, $0.index, $0.isWithdrawn ? 1 : 0)
        < ($1.ring, $1.kind.rawValue, $1.index, $1.isWithdrawn ? 1 : 0)
    }
    return all
  }

  private func buffer(at place: UInt32) -> Buffer {
    let state = tables.places[place]
    let group = state.group
    let borrowers = borrowers(of: group)
    var provider =
      group != noIndex
      ? tables.groups[group].provider
      : state.kind == .registered ? GroupProvider.registered : .provided
    if group == noIndex, state.isKernel { provider = tables.providers[state.release] ?? provider }
    var left: UInt32?
    if state.provided >= 0, state.lookTime == 0 || state.lastUseTime <= state.lookTime {
      left = UInt32(clamping: state.provided - state.taken)
    }
    var references = state.references < 0 ? nil : UInt32(state.references)
    // The kernel's counter was read when a request completed: those since then are known.
    if let read = references { references = max(read, UInt32(clamping: borrowers.count)) }
    // Nor did any event tell of those that are older and on no list.
    if borrowers.isEmpty, references != nil, state.lastUseTime != 0 { references = 0 }
    return Buffer(
      ring: state.ringID, kind: state.kind, index: state.index, provider: provider,
      address: state.address, length: state.length, segments: state.segments,
      direction: state.kind == .registered ? state.direction : .both, isKernel: state.isKernel,
      tag: state.tag, release: state.release == 0 ? "" : tables.symbols[state.release] ?? "",
      group: group == noIndex ? 0 : tables.groups[group].id, borrowers: borrowers,
      references: references, sharers: state.sharers, registeredTime: state.registeredTime,
      lastUseTime: state.lastUseTime, useCount: state.useCount, isWithdrawn: false,
      buffersLeft: left, bufferCount: state.bufferCount, exhaustedCount: state.exhaustedCount)
  }

  private func withdrawnBuffer(_ group: UInt32) -> Buffer {
    let state = tables.groups[group]
    let borrowers = borrowers(of: group)
    return Buffer(
      ring: state.ringID, kind: .registered, index: state.index ?? 0, provider: state.provider,
      address: state.address, length: state.length, segments: state.segments,
      direction: state.direction, isKernel: state.isKernel, tag: state.tag,
      release: tables.symbols[state.release] ?? "", group: state.id, borrowers: borrowers,
      references: UInt32(clamping: borrowers.count), sharers: 0,
      registeredTime: state.providedTime, lastUseTime: state.doneTime,
      useCount: state.memberCount, isWithdrawn: true, buffersLeft: nil, bufferCount: 0,
      exhaustedCount: 0)
  }

  private func borrowers(of group: UInt32) -> [Request.ID] {
    guard group != noIndex, tables.groups[group].running > 0 else { return [] }
    var all: [Request.ID] = []
    var number = tables.groups[group].firstMember
    while number != noIndex {
      if !tables.members[number].member.isDone { all.append(tables.members[number].member.request) }
      number = tables.members[number].next
    }
    return all
  }
}

extension ReleaseFunction {
  /// The kernel's name for it, nil if there is none of this number.
  var symbol: String? {
    switch self {
    case .freeRsrcNode: "io_free_rsrc_node"
    case .releaseUbuf: "io_release_ubuf"
    case .ublkIORelease: "ublk_io_release"
    case .fuseRelease: "fuse_zero_copy_release"
    case .bufferUnmap: "io_buffer_unmap"
    case .groupGiveback: "grp_kbuf_ack"
    default: nil
    }
  }
}
