import CRecord

/// Commands of ublk servers: they put the pages of block requests into slots, and take them out.
extension Aggregator {
  /// UBLK_F_AUTO_BUF_REG, include/uapi/linux/ublk_cmd.h.
  private static var automaticFlag: UInt32 { 1 << 11 }
  /// UBLK_IO_FLAG_AUTO_BUF_REG, drivers/block/ublk_drv.c: the slot was filled.
  private static var filledFlag: UInt32 { 1 << 4 }

  /// What a command's SQE holds: struct ublksrv_io_cmd, from offset 48 on.
  private struct Payload {
    var queue: UInt16
    var tag: UInt16
    var address: UInt64

    init(_ sqe: SQE) {
      let slot = UblkSlot(command: sqe)
      queue = slot.queue
      tag = slot.tag
      address = sqe.pad2
    }
  }

  // MARK: Submitted

  /// A driver's command is submitted.
  mutating func command(_ slot: UInt32) {
    let sqe = slots[slot].request.sqe
    if !tables.fuseRequests.isEmpty,
      UInt32(truncatingIfNeeded: sqe.off) == GroupProviderTraits.commitAndFetch
    {
      answerFuse(slot)
      return
    }
    guard let (provider, command) = GroupProviderTraits.command(UInt32(truncatingIfNeeded: sqe.off))
    else { return }
    let index: UInt32
    switch command.slot {
    case .payload: index = UInt32(truncatingIfNeeded: sqe.pad2)
    case .address: index = UInt32(truncatingIfNeeded: sqe.addr & 0xffff)
    case .none: index = noIndex
    }
    slots[slot].joinGroup()
    switch command.role {
    case .register:
      // In an SQE group it has no slot: the buffer is the group's.
      let led = slots[slot].led
      if led != noIndex, tables.groups[led].provider == .sqeGroup {
        describe(led, by: slot)
      } else {
        register(slot, provider, index: index)
      }
    case .unregister: unregister(slot, index: index)
    case .deliver: break
    case .commitAndDeliver: commit(slot)
    }
  }

  private mutating func register(_ slot: UInt32, _ provider: GroupProvider, index: UInt32) {
    let ring = slots[slot].ring
    let group = beginGroup(
      provider, ring: ring, time: slots[slot].request.startTime, leader: leader(slot))
    let payload = Payload(slots[slot].request.sqe)
    tables.groups[group].isUblk = true
    tables.groups[group].isKernel = true
    tables.groups[group].queue = payload.queue
    tables.groups[group].queueTag = payload.tag
    tables.groups[group].index = index
    let place = place(ring, .registered, index)
    tables.groups[group].place = place
    lead(slot, group)
    if let device = device(of: slot) {
      fill(
        group,
        tag: tables.tag(
          device: device, queue: payload.queue, tag: payload.tag))
    }
    // Requests behind it in the batch name the slot before the command is known to have worked.
    let old = tables.places[place].group
    if old == noIndex || tables.groups[old].isBeingWithdrawn { tables.places[place].group = group }
  }

  /// The ublk I/O whose memory the leader of an SQE group lends.
  private mutating func describe(_ group: UInt32, by slot: UInt32) {
    let payload = Payload(slots[slot].request.sqe)
    tables.groups[group].isUblk = true
    tables.groups[group].queue = payload.queue
    tables.groups[group].queueTag = payload.tag
    guard let device = device(of: slot) else { return }
    let tag = tables.tags[tables.tag(device: device, queue: payload.queue, tag: payload.tag)]
    if tag.disk != noIndex { tables.groups[group].disk = tag.disk }
    guard tag.request != 0 else { return }
    tables.groups[group].operation = tag.operation
    tables.groups[group].sector = tag.sector
    tables.groups[group].blockLength = tag.length
  }

  private mutating func unregister(_ slot: UInt32, index: UInt32) {
    guard let place = tables.place(ring: slots[slot].ring, kind: .registered, index: index) else {
      return
    }
    let group = tables.places[place].group
    guard group != noIndex else { return }
    slots[slot].hasGroupFields = true
    slots[slot].withdraws = group
    slots[slot].withdrawsID = tables.groups[group].id
    slots[slot].request.group = tables.groups[group].id
    tables.groups[group].isBeingWithdrawn = true
    nameGroup(group)
  }

  /// The buffer of the I/O that is committed goes, if this is the ring that it is registered with.
  private mutating func commit(_ slot: UInt32) {
    guard let device = device(of: slot) else { return }
    let payload = Payload(slots[slot].request.sqe)
    commit(
      tables.tag(device: device, queue: payload.queue, tag: payload.tag), slot,
      time: slots[slot].request.startTime, tid: slots[slot].request.submitterTid)
  }

  private mutating func commit(_ tag: UInt32, _ slot: UInt32, time: UInt64, tid: UInt32) {
    let group = tables.tags[tag].group
    guard group != noIndex, tables.groups[group].id == tables.tags[tag].groupID,
      !tables.groups[group].isEnded, tables.groups[group].provider == .ublkAuto
    else { return }
    tables.tags[tag].group = noIndex
    if tables.groups[group].ring == slots[slot].ring {
      withdraw(group, time: time, tid: tid)
    } else {
      note(.committedElsewhere, group)
    }
  }

  /// The device that a command is for, as an earlier one on the same descriptor told.
  private func device(of slot: UInt32) -> UInt32? {
    tables.routes[route(slot)]
  }

  private func route(_ slot: UInt32) -> UInt64 {
    let sqe = slots[slot].request.sqe
    let isFixed = sqe.flags & SQEFlags.fixedFile.rawValue != 0
    return UInt64(slots[slot].ring) << 33 | (isFixed ? 1 << 32 : 0)
      | UInt64(UInt32(bitPattern: sqe.fd))
  }

  // MARK: Completed

  /// Comes just before the completion of a command.
  mutating func command(_ record: UnsafePointer<record_command>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    events.current.value = Int64(record.pointee.command)
    guard let slot = slotInFlight(header, ring: ring) else { return }
    name(slot)
    guard slots[slot].request.isSQEKnown,
      let (_, command) = GroupProviderTraits.command(record.pointee.command)
    else { return }
    let device = tables.device(record.pointee.device)
    if tables.routes.count >= 1 << 16 { tables.routes.removeAll() }
    let isNewRoute = tables.routes.updateValue(device, forKey: route(slot)) != device
    let payload = Payload(slots[slot].request.sqe)
    let tag = tables.tag(device: device, queue: payload.queue, tag: payload.tag)
    slots[slot].joinGroup()
    slots[slot].ublkTag = tag
    let led = slots[slot].led
    if command.role == .register, led != noIndex, tables.groups[led].id == slots[slot].ledID {
      if tables.groups[led].provider == .sqeGroup {
        describe(led, by: slot)
      } else {
        fill(led, tag: tag)
      }
      nameGroup(led)
    }
    guard command.role == .deliver || command.role == .commitAndDeliver else { return }
    // Its submission could not tell the device yet.
    if isNewRoute, command.role == .commitAndDeliver {
      commit(tag, slot, time: slots[slot].request.startTime, tid: header.tid)
    }
    let block = record.pointee.block
    tables.tags[tag].request = block.request
    tables.tags[tag].sector = block.sector
    tables.tags[tag].length = block.length
    tables.tags[tag].operation =
      block.request == 0 ? 0xff : UInt8(truncatingIfNeeded: block.operation)
    let disk = tables.disk(block)
    if disk != noIndex { tables.tags[tag].disk = disk }
    let address = slots[slot].request.sqe.addr
    tables.tags[tag].index = address <= UInt64(UInt32.max) ? UInt32(address & 0xffff) : noIndex
    tables.tags[tag].ioFlags = block.io_flags
    tables.tags[tag].isAutomatic = record.pointee.flags & Self.automaticFlag != 0
    slots[slot].delivers = true
  }

  /// What a command does when it has completed.
  mutating func finishCommand(_ slot: UInt32, time: UInt64, tid: UInt32) {
    let isDone = slots[slot].request.hasResult && slots[slot].request.result == 0
    if slots[slot].withdrawsID != 0 {
      let group = slots[slot].withdraws
      if tables.groups[group].id == slots[slot].withdrawsID {
        nameGroup(group)
        tables.groups[group].isBeingWithdrawn = false
        if isDone { withdraw(group, time: time, tid: tid) }
      }
      slots[slot].withdrawsID = 0
    }
    guard slots[slot].delivers else { return }
    slots[slot].delivers = false
    if isDone { deliver(slot, slots[slot].ublkTag, time: time) }
  }

  /// An I/O has come, with its data in a slot where registration is automatic.
  private mutating func deliver(_ slot: UInt32, _ tag: UInt32, time: UInt64) {
    var leader = leader(slot)
    leader.endTime = max(time, 1)
    leader.hasResult = true
    tables.tags[tag].leader = leader
    tables.tags[tag].group = noIndex
    let state = tables.tags[tag]
    if let older = tables.group(priv: state.request) {
      // The request is another I/O's now: the driver must have got the older buffer back.
      acknowledge(older, time: time, tid: 0, function: 0, isDerived: true)
    }
    guard state.isAutomatic, state.index != noIndex else { return }
    // Flushes and discards have no data. Where the request is not known the first member tells.
    guard state.request == 0 || state.operation <= 1 && state.length > 0 else { return }
    let ring = slots[slot].ring
    let group = beginGroup(.ublkAuto, ring: ring, time: time, leader: leader)
    tables.groups[group].isUblk = true
    tables.groups[group].isKernel = true
    let payload = Payload(slots[slot].request.sqe)
    tables.groups[group].queue = payload.queue
    tables.groups[group].queueTag = payload.tag
    tables.groups[group].index = state.index
    fill(group, tag: tag)
    tables.groups[group].isTentative = state.request == 0
    provide(group, time: time)
    nameGroup(group)
    if state.ioFlags != 0, state.ioFlags & Self.filledFlag == 0 {
      // With UBLK_AUTO_BUF_REG_FALLBACK the server has to register it itself.
      tables.groups[group].providedTime = 0
      note(.notRegistered, group)
      endGroup(group, time: time)
      return
    }
    if slots[slot].request.group == 0 { slots[slot].request.group = tables.groups[group].id }
    let place = place(ring, .registered, state.index)
    let old = tables.places[place].group
    if old != noIndex {
      // It must have been emptied, or this could not be there.
      withdraw(old, time: time, tid: 0)
    }
    tables.groups[group].place = place
    tables.places[place].group = group
    tables.places[place].isFilled = true
    tables.places[place].registeredTime = time
    tables.places[place].key = 0
    tables.places[place].isKernel = true
    // What was counted for the buffer before is not this one's.
    tables.places[place].references = 0
    tables.places[place].length = UInt64(state.length)
    tables.tags[tag].group = group
    tables.tags[tag].groupID = tables.groups[group].id
  }

  /// The command that delivered the I/O with the buffer of a group, if registration was automatic.
  func automaticLeader(of group: UInt32) -> RequestGroup.Leader? {
    let state = tables.groups[group]
    guard !state.leader.isKnown, state.priv != 0, let index = state.index else { return nil }
    for number in 0..<tables.tags.end
    where tables.tags[number].request == state.priv && tables.tags[number].index == index
      && tables.tags[number].leader.ring == state.ringID
    {
      return tables.tags[number].leader
    }
    return nil
  }

  // MARK: What the buffer belongs to

  private mutating func fill(_ group: UInt32, tag: UInt32) {
    let state = tables.tags[tag]
    if state.disk != noIndex { tables.groups[group].disk = state.disk }
    guard state.request != 0 else { return }
    // A request can be in two slots. Then the first keeps its name: the other's members tell which is it.
    if tables.group(priv: state.request) == nil { tables.setPriv(state.request, of: group) }
    tables.groups[group].operation = state.operation
    tables.groups[group].sector = state.sector
    tables.groups[group].blockLength = state.length
    if tables.groups[group].length == 0 { tables.groups[group].length = UInt64(state.length) }
    if tables.groups[group].direction == .unknown {
      tables.groups[group].direction =
        state.operation == 0 ? .destination : state.operation == 1 ? .source : .unknown
    }
  }

  mutating func fill(_ group: UInt32, _ block: record_block) {
    tables.groups[group].isUblk = true
    tables.groups[group].disk = tables.disk(block)
    tables.groups[group].queue = block.queue
    tables.groups[group].queueTag = block.tag
    tables.groups[group].operation = UInt8(truncatingIfNeeded: block.operation)
    tables.groups[group].sector = block.sector
    tables.groups[group].blockLength = block.length
  }

  /// A command that put a buffer into a slot, or failed to.
  mutating func finishRegistration(_ slot: UInt32, _ group: UInt32, failed: Bool, time: UInt64) {
    guard !tables.groups[group].isEnded else { return }
    let place = tables.groups[group].place
    if failed || !slots[slot].request.hasResult {
      if place != noIndex, tables.places[place].group == group {
        tables.places[place].group = noIndex
      }
      if failed, tables.groups[group].running == 0 { endGroup(group, time: time) }
      return
    }
    provide(group, time: time)
    guard place != noIndex, tables.groups[group].withdrawnTime == 0 else { return }
    let old = tables.places[place].group
    if old != group, old != noIndex { withdraw(old, time: time, tid: 0) }
    tables.places[place].group = group
    tables.places[place].isFilled = true
    tables.places[place].isKernel = true
    tables.places[place].references = 0
    tables.places[place].registeredTime = time
    tables.places[place].length = tables.groups[group].length
    tables.places[place].segments = tables.groups[group].segments
    tables.places[place].direction = tables.groups[group].direction
    tables.places[place].release = tables.groups[group].release
    tables.places[place].key = tables.groups[group].key
  }
}

extension GroupProviderTraits {
  /// The provider and the command of a number.
  static func command(_ number: UInt32) -> (provider: GroupProvider, command: Command)? {
    // Almost all other commands end here.
    guard number >> 8 & 0xff == UInt32(UInt8(ascii: "u")) else { return nil }
    for traits in all {
      for command in traits.commands where command.number == number {
        return (GroupProvider(traits), command)
      }
    }
    return nil
  }
}
