import CRecord

/// Requests that borrow buffers.
extension Aggregator {
  // MARK: Joining

  /// A request begins that may have to do with a buffer; see ``OpcodeTraitTable/touchesBuffers(_:_:)``.
  @inline(never)
  mutating func joinGroups(_ slot: UInt32, role: UInt16?) {
    guard slots[slot].request.isSQEKnown else { return }
    let ring = slots[slot].ring
    // A local buffer's record follows.
    let isLocal = Self.localRoles.contains(role ?? 0)
    if !isLocal,
      role ?? 0 != 0 || slots[slot].request.sqe.flags & SQEFlags.group != 0
        || closesSQEGroup(ring)
    {
      joinSQEGroup(slot, role: role)
    }
    let opcode = slots[slot].request.opcode
    if opcode.properties.isZeroCopySend { beginSend(slot) }
    if opcode.isCommand { command(slot) }
    if opcode == .provideBuffers || opcode == .removeBuffers { provideBuffers(slot) }
    switch slots[slot].request.bufferReference {
    case .registered(let index)?: if !isLocal { borrow(slot, UInt32(index), ring) }
    case .group(let bgid)?: select(slot, bgid, ring)
    case nil: break
    }
  }

  /// A request was found in flight: the kernel still has the number of its buffer.
  mutating func joinFound(_ slot: UInt32) {
    guard slots[slot].request.knows(.buffer) else { return }
    let ring = slots[slot].ring
    switch slots[slot].request.bufferReference {
    case .registered(let index)?: borrow(slot, UInt32(index), ring)
    case .group(let bgid)?: select(slot, bgid, ring)
    case nil: break
    }
  }

  /// Makes a request a member.
  @discardableResult
  mutating func join(_ slot: UInt32, _ group: UInt32) -> UInt32 {
    var member = RequestGroup.Member()
    member.request = slots[slot].request.id
    member.opcode = slots[slot].request.opcode
    member.userData = slots[slot].request.userData
    member.tid = slots[slot].request.submitterTid
    member.startTime = slots[slot].request.startTime
    let sqe = slots[slot].request.sqe
    if slots[slot].request.isSQEKnown, slots[slot].request.opcode.properties.length == .bytes {
      member.askedBytes = UInt64(sqe.len)
    }
    let number = tables.append(member, slot: slot, to: group)
    slots[slot].member = number
    slots[slot].joinGroup()
    slots[slot].request.group = tables.groups[group].id
    nameGroup(group)
    place(number)
    if sqe.flags & SQEFlags.bufferSelect.rawValue != 0, tables.groups[group].provider != .provided {
      note(.selectsProvided, group)
    }
    return number
  }

  /// A request names a slot of the ring's table.
  private mutating func borrow(_ slot: UInt32, _ index: UInt32, _ ring: UInt32) {
    guard slots[slot].member == noIndex else { return }
    let place = place(ring, .registered, index)
    var group = tables.places[place].group
    if group == noIndex {
      // Not known to be empty, or a mistake that its completion will show.
      group = beginGroup(
        .registered, ring: ring, time: slots[slot].request.startTime, leader: .init())
      tables.groups[group].place = place
      tables.groups[group].index = index
      if tables.places[place].isFilled { fill(group, from: place) }
      if tables.places[place].isFilled || !rings[ring].isTableKnown {
        tables.places[place].group = group
      }
    }
    join(slot, group)
  }

  /// Where in the buffer a member works.
  private mutating func place(_ number: UInt32) {
    let group = tables.members[number].group
    let slot = tables.members[number].slot
    guard slots[slot].request.isSQEKnown,
      slots[slot].request.opcode.properties.length == .bytes,
      tables.groups[group].provider != .provided
    else { return }
    let address = slots[slot].request.sqe.addr
    let base = tables.groups[group].isKernel ? 0 : tables.groups[group].address
    tables.members[number].member.offset =
      address >= base && base != 0 || address < 1 << 32
      ? address &- base : 0
  }

  // MARK: Seen to use a buffer

  /// What a kernel buffer belongs to comes just before its use.
  mutating func blockRequest(_ record: UnsafePointer<record_block_request>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    tables.block = record.pointee.block
    if let slot = user(header, ring) { name(slot) }
  }

  /// The request, or the send whose notification's `io_kiocb` this is.
  private func user(_ header: record, _ ring: UInt32) -> UInt32? {
    guard let position = addresses.find(header.req), isLive(addresses[position]) else { return nil }
    let slot = addresses[position].index
    guard slots[slot].ring == ring else { return nil }
    if addresses[position].mark == EntryMark.request, !isPlausible(header, for: slot, ring: ring) {
      return nil
    }
    return slot
  }

  mutating func bufferUse(_ record: UnsafePointer<record_buffer_use>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    let block = tables.block
    tables.block = nil
    guard let slot = user(header, ring), slots[slot].request.preparationError == 0 else { return }
    name(slot)
    // A request is in one group: what a member of an SQE group borrows besides is not followed.
    let own = slots[slot].member
    if own != noIndex, tables.groups[tables.members[own].group].provider == .sqeGroup { return }
    let buffer = record.pointee.buffer
    let key = GroupTables.key(node: buffer.node, buffer: buffer.buffer, ring: ring)
    let group = borrowed(slot, buffer, key: key, ring, time: header.time_ns)
    fill(group, buffer, key: key)
    if let block, block.request == buffer.priv { fill(group, block) }
    chooseProvider(group)
    provide(group, time: tables.groups[group].providedTime != 0 ? 0 : header.time_ns)
    let number = slots[slot].member
    if number != noIndex {
      tables.members[number].member.isConfirmed = true
      place(number)
    }
    nameGroup(group)
    noteUse(of: group, buffer, header)
  }

  /// The group of the buffer that a request has used; the request is its member after this.
  private mutating func borrowed(
    _ slot: UInt32, _ buffer: record_buffer, key: UInt64, _ ring: UInt32, time: UInt64
  ) -> UInt32 {
    let number = slots[slot].member
    let current = number == noIndex ? noIndex : tables.members[number].group
    var known = tables.group(key: key).flatMap { tables.groups[$0].isEnded ? nil : $0 }
    if let group = known, isAnother(buffer, than: group) {
      // The kernel uses the node again: the return of the buffer before was not seen.
      withdraw(group, time: time, tid: 0)
      acknowledge(group, time: time, tid: 0, function: 0, isDerived: true)
      known = nil
    }
    if let known {
      if known == current { return known }
      // The one that was begun for lack of knowing this one.
      if current != noIndex { move(number, to: known) } else { join(slot, known) }
      return known
    }
    if current != noIndex, tables.groups[current].key == 0, !tables.groups[current].isEnded,
      tables.groups[current].priv == 0 || tables.groups[current].priv == buffer.priv
    {
      return current
    }
    // By the block request: the leader told it.
    if buffer.is_kernel != 0, let owned = tables.group(priv: buffer.priv),
      tables.groups[owned].key == 0, tables.groups[owned].ring == ring
    {
      if current == owned { return owned }
      if current != noIndex { move(number, to: owned) } else { join(slot, owned) }
      return owned
    }
    let new = beginGroup(.registered, ring: ring, time: time, leader: .init())
    let place = self.place(ring, .registered, buffer.index)
    tables.groups[new].place = place
    tables.groups[new].index = buffer.index
    if buffer.in_table != 0 { tables.places[place].group = new }
    if current != noIndex { move(number, to: new) } else { join(slot, new) }
    return new
  }

  /// Whether a buffer with a group's key is not that group's: it is in another slot, or another owner's.
  private func isAnother(_ buffer: record_buffer, than group: UInt32) -> Bool {
    let state = tables.groups[group]
    if state.isKernel || state.isUblk, state.priv != 0, buffer.is_kernel != 0 {
      return state.priv != buffer.priv
    }
    return buffer.in_table != 0 && state.provider == .registered && state.index != nil
      && state.index != buffer.index
  }

  /// A member that is linked behind a leader of its slot, or such a leader's member, is of that group:
  /// several can be about to fill the slot, and a member that is cancelled shows no buffer.
  mutating func followLeader(_ slot: UInt32, behind previous: UInt32) {
    let number = slots[slot].member
    guard number != noIndex, case .registered(let index)? = slots[slot].request.bufferReference
    else { return }
    var group = slots[previous].led
    if group == noIndex || tables.groups[group].id != slots[previous].ledID {
      guard slots[previous].member != noIndex else { return }
      group = tables.members[slots[previous].member].group
    }
    guard tables.groups[group].index == UInt32(index), !tables.groups[group].isEnded,
      tables.members[number].group != group
    else { return }
    move(number, to: group)
  }

  /// A member turns out to be another group's.
  private mutating func move(_ number: UInt32, to group: UInt32) {
    let old = tables.members[number].group
    let slot = tables.members[number].slot
    let member = tables.members[number].member
    tables.unlink(number)
    tables.members.give(back: number)
    tables.groups[old].memberCount &-= 1
    slots[slot].member = tables.append(member, slot: slot, to: group)
    slots[slot].request.group = tables.groups[group].id
    if tables.groups[old].memberCount == 0, !tables.groups[old].isEnded {
      tables.idleCount += 1
      // Begun for this request alone.
      if tables.groups[old].providedTime == 0, !tables.groups[old].leader.isKnown {
        let place = tables.groups[old].place
        if place != noIndex, tables.places[place].group == old {
          tables.places[place].group = group
        }
        tables.discard(old)
      }
    }
  }

  /// The references that the kernel counts, and whether the slot has been emptied meanwhile.
  private mutating func noteUse(of group: UInt32, _ buffer: record_buffer, _ header: record) {
    let place = tables.groups[group].place
    if place != noIndex, tables.places[place].group == group {
      tables.places[place].lastUseTime = header.time_ns
      tables.places[place].sharers = buffer.sharers
      // Without the table's own, and that of the request, which it drops now.
      tables.places[place].references = buffer.references < 0 ? -1 : max(0, buffer.references - 2)
    }
    if buffer.in_table == 0, tables.groups[group].provider != .localBuffer {
      withdraw(group, time: header.time_ns, tid: header.tid)
    }
  }

  mutating func fill(_ group: UInt32, _ buffer: record_buffer, key: UInt64) {
    if tables.groups[group].key != key { tables.setKey(key, of: group) }
    if buffer.is_kernel != 0, tables.groups[group].priv != buffer.priv {
      tables.setPriv(buffer.priv, of: group)
    }
    tables.groups[group].kernelAddress = buffer.buffer
    tables.groups[group].address = buffer.address
    tables.groups[group].length = buffer.length
    tables.groups[group].segments = buffer.segments
    tables.groups[group].isKernel = buffer.is_kernel != 0
    tables.groups[group].direction = GroupBuffer.Direction(bits: buffer.direction)
    tables.groups[group].release = buffer.release
    if buffer.tag != 0 { tables.groups[group].tag = buffer.tag }
  }

  /// A kernel buffer without a known leader: its release function tells whose it is.
  mutating func chooseProvider(_ group: UInt32) {
    let state = tables.groups[group]
    guard state.isKernel, state.provider == .registered else { return }
    var provider = tables.providers[state.release] ?? (state.isUblk ? .ublk : .registered)
    if provider == .ublk, let automatic = automaticLeader(of: group) {
      provider = .ublkAuto
      tables.groups[group].leader = automatic
    }
    tables.groups[group].provider = provider
    tables.groups[group].isOneTransfer = provider.traits.isOneTransfer
  }

  // MARK: Leaving

  /// A CQE after which the request lives on.
  @inline(never)
  mutating func noteResult(_ slot: UInt32, _ result: Int32, _ flags: CQEFlags, time: UInt64) {
    if slots[slot].led != noIndex, tables.groups[slots[slot].led].id == slots[slot].ledID {
      tables.groups[slots[slot].led].leader.result = result
      tables.groups[slots[slot].led].leader.hasResult = true
    }
    let number = slots[slot].member
    guard number != noIndex else { return }
    let group = tables.members[number].group
    nameGroup(group)
    tables.members[number].member.result = result
    tables.members[number].member.hasResult = true
    count(result, flags, number, time: time)
  }

  /// Bytes and provided buffers of one CQE.
  private mutating func count(
    _ result: Int32, _ flags: CQEFlags, _ number: UInt32, time: UInt64
  ) {
    let group = tables.members[number].group
    let opcode = tables.members[number].member.opcode
    // What else is positive is no number of bytes.
    if result > 0, traits.direction(opcode) != .none {
      tables.members[number].member.movedBytes &+= UInt64(result)
      tables.groups[group].movedBytes &+= UInt64(result)
      if opcode.takesFromStream { tables.groups[group].hasConsumedStream = true }
    }
    if tables.groups[group].provider == .provided {
      countProvided(group, number, result, flags, time: time)
    }
  }

  /// The request has ended.
  @inline(never)
  mutating func leaveGroups(_ slot: UInt32, time: UInt64, tid: UInt32) {
    slots[slot].isInGroup = false
    let number = slots[slot].member
    if number != noIndex {
      slots[slot].member = noIndex
      leave(slot, number, time: time, tid: tid)
    }
    finishCommand(slot, time: time, tid: tid)
    let led = slots[slot].led
    if led != noIndex {
      slots[slot].led = noIndex
      if tables.groups[led].id == slots[slot].ledID {
        finishLeader(slot, led, time: time, tid: tid)
      }
    }
  }

  private mutating func leave(_ slot: UInt32, _ number: UInt32, time: UInt64, tid: UInt32) {
    let group = tables.members[number].group
    nameGroup(group)
    let request = slots.pointer(to: slot)
    if request.pointee.request.hasResult {
      let result = request.pointee.request.result
      let isCounted =
        tables.members[number].member.hasResult
        && request.pointee.request.opcode.properties.isZeroCopySend
      tables.members[number].member.result = result
      tables.members[number].member.hasResult = true
      if !isCounted {
        count(
          result, CQEFlags(rawValue: request.pointee.request.cqeFlags), number, time: time)
      }
    }
    tables.members[number].member.endTime = max(time, 1)
    tables.members[number].member.userData = request.pointee.request.userData
    tables.groups[group].doneCount &+= 1
    tables.groups[group].doneTime = time
    tables.groups[group].keptDone &+= 1
    judge(number, slot)
    let place = tables.groups[group].place
    if place != noIndex, tables.places[place].group == group {
      tables.places[place].lastUseTime = time
      tables.places[place].useCount &+= 1
    }
    tables.dropOldest(of: group)
    guard !tables.groups[group].isEnded else { return }
    if tables.groups[group].running == 0, tables.groups[group].key == 0,
      !tables.groups[group].leader.isKnown, tables.groups[group].provider == .registered,
      tables.groups[group].conditions.contains(.emptySlot)
    {
      // There never was a buffer.
      endGroup(group, time: time)
    } else if tables.groups[group].running == 0, tables.groups[group].providedTime == 0,
      tables.groups[group].conditions.contains(.leaderFailed)
    {
      // Its members were only waiting for it.
      endGroup(group, time: time)
    } else if tables.groups[group].provider == .sqeGroup {
      // The leader's CQE is to come, or there is none.
      if tables.groups[group].leader.endTime != 0 {
        finishSQEGroup(group, isSilent: true, time: time, tid: tid)
      }
    } else if tables.groups[group].provider == .localBuffer {
      finishLocalBuffer(group, time: time, tid: tid)
    } else {
      deriveReturn(group, time: time, tid: tid)
    }
  }

  /// What is wrong with a member that is done.
  private mutating func judge(_ number: UInt32, _ slot: UInt32) {
    let member = tables.members[number].member
    let group = tables.members[number].group
    guard member.hasResult else { return }
    if member.isShort, !slots[slot].isMultishot, tables.groups[group].provider != .provided,
      member.opcode.properties.direction != .none
    {
      note(.shortMember, group)
    }
    guard member.result < 0 else { return }
    tables.groups[group].failedCount &+= 1
    if member.result == -ErrorNumber.canceled.rawValue {
      tables.members[number].member.isCancelled = true
      note(.membersCancelled, group)
      return
    }
    if tables.groups[group].provider == .provided {
      if member.result != -ErrorNumber.noBuffers.rawValue { note(.memberFailed, group) }
      return
    }
    note(.memberFailed, group)
    if tables.groups[group].hasConsumedStream { note(.streamDataLost, group) }
    let isFault = member.result == -ErrorNumber.fault.rawValue
    let isInvalid =
      member.result == -ErrorNumber.invalid.rawValue && tables.groups[group].provider == .sqeGroup
      && tables.groups[group].providedTime != 0
    guard isFault || isInvalid else { return }
    if isFault, !member.isConfirmed, !isFilled(group) {
      note(.emptySlot, group)
      return
    }
    switch (tables.groups[group].direction, member.opcode.properties.direction) {
    case (.destination, .write), (.source, .read):
      note(.wrongDirection, group)
      return
    default: break
    }
    if isFault, isOutside(member, slot, group) { note(.outOfRange, group) }
  }

  /// Whether there was a buffer that the member could have used.
  private func isFilled(_ group: UInt32) -> Bool {
    let state = tables.groups[group]
    return state.key != 0 || state.providedTime != 0 || state.provider == .sqeGroup
  }

  private func isOutside(_ member: RequestGroup.Member, _ slot: UInt32, _ group: UInt32) -> Bool {
    let state = tables.groups[group]
    guard state.length > 0, slots[slot].request.isSQEKnown,
      member.opcode.properties.length == .bytes
    else { return false }
    let address = slots[slot].request.sqe.addr
    let base = state.isKernel ? 0 : state.address
    let (end, overflow) = address.addingReportingOverflow(UInt64(slots[slot].request.sqe.len))
    return overflow || address < base || end > base &+ state.length
  }

  // MARK: Zero-copy sends

  /// The network stack borrows the memory of a send.
  private mutating func beginSend(_ slot: UInt32) {
    let group = beginGroup(
      .sendZC, ring: slots[slot].ring, time: slots[slot].request.startTime, leader: leader(slot))
    let sqe = slots[slot].request.sqe
    if slots[slot].request.opcode.properties.length == .bytes {
      tables.groups[group].address = sqe.addr
      tables.groups[group].length = UInt64(sqe.len)
    }
    tables.groups[group].direction = .source
    provide(group, time: slots[slot].request.startTime)
    lead(slot, group)
  }

  /// A leader has ended.
  private mutating func finishLeader(
    _ slot: UInt32, _ group: UInt32, time: UInt64, tid: UInt32
  ) {
    nameGroup(group)
    let hasResult = slots[slot].request.hasResult
    let result = slots[slot].request.result
    // Another one may have added to the buffers that the leader provided.
    if tables.groups[group].leader.request == slots[slot].request.id {
      tables.groups[group].leader.endTime = max(time, 1)
      // Of a request from before the start only its CQE tells.
      tables.groups[group].leader.userData = slots[slot].request.userData
      tables.groups[group].leader.hasResult = hasResult
      tables.groups[group].leader.result = result
    }
    let failed = hasResult && result < 0
    if failed, !tables.groups[group].isEnded { note(.leaderFailed, group) }
    switch tables.groups[group].provider {
    case .sendZC: finishSend(slot, group, time: time, tid: tid)
    case .sqeGroup:
      let isSilent = slots[slot].request.state == .skipped
      finishSQEGroup(group, isSilent: isSilent, time: time, tid: tid)
    case .localBuffer: finishLocalBuffer(group, time: time, tid: tid)
    case .provided: finishProviding(slot, group, time: time)
    default: finishRegistration(slot, group, failed: failed, time: time)
    }
  }

  private mutating func finishSend(_ slot: UInt32, _ group: UInt32, time: UInt64, tid: UInt32) {
    guard !tables.groups[group].isEnded else { return }
    let result = slots[slot].request.result
    if result > 0 { tables.groups[group].movedBytes = UInt64(result) }
    if result >= 0, tables.groups[group].length > UInt64(max(0, result)) {
      note(.shortMember, group)
    }
    let isNotified = slots[slot].request.lastStep?.kind.isNotification == true
    let isOver = slots[slot].request.hasResult || isNotified
    tables.groups[group].doneTime = time
    if isNotified {
      acknowledge(group, time: time, tid: tid, function: 0, isDerived: false)
    } else if isOver, !slots[slot].request.isEndDerived {
      // Failed before the network stack had it: no notification comes.
      endGroup(group, time: time)
    } else {
      acknowledge(group, time: time, tid: tid, function: 0, isDerived: true)
    }
  }
}

extension SQEFlags {
  /// IOSQE_SQE_GROUP of the patch series; invalid elsewhere.
  static var group: UInt8 { 1 << 7 }
}

extension ErrorNumber {
  static let fault = ErrorNumber(rawValue: 14)
  static let invalid = ErrorNumber(rawValue: 22)
  static let noBuffers = ErrorNumber(rawValue: 105)
}

extension Opcode {
  static let provideBuffers = Opcode(rawValue: 31)
  static let removeBuffers = Opcode(rawValue: 32)

  /// URING_CMD, also that with 128-byte SQEs.
  var isCommand: Bool { rawValue == 46 || properties.off?.name == "cmd_op" }

  /// Data that it took is gone for others.
  var takesFromStream: Bool { self == .recv || self == .recvmsg }
  private static let recv = Opcode(rawValue: 27)
  private static let recvmsg = Opcode(rawValue: 10)
}

extension Request {
  var lastStep: Step? {
    stepCount == 0 ? nil : stepStorage[min(Int(stepCount), Self.stepCapacity) - 1]
  }
}

extension GroupBuffer.Direction {
  init(bits: UInt8) {
    switch Int32(bits) & (RECORD_BUFFER_DESTINATION | RECORD_BUFFER_SOURCE) {
    case RECORD_BUFFER_DESTINATION: self = .destination
    case RECORD_BUFFER_SOURCE: self = .source
    case 0: self = .unknown
    default: self = .both
    }
  }
}
