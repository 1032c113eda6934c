import CRecord

/// A tag of a ublk queue.
struct UblkTag: Hashable {
  var device: Numbering<UInt64>.Number
  var queue: UInt16
  var tag: UInt16

  /// Key for an ``AddressTable``.
  fileprivate var key: UInt64 { device.bits << 32 | UInt64(queue) << 16 | UInt64(tag) }
}

/// State of a tag in a ublk queue.
struct UblkTagState {
  /// The block request of the last delivery; 0 if it was not recorded.
  var request: UInt64 = 0
  var disk: Numbering<DiskName>.Number?
  var operation: UInt8 = 0xff
  var sector: UInt64 = 0
  var length: UInt32 = 0
  /// The command that last delivered an I/O with this tag.
  var leader = RequestGroup.Leader()
  /// The buffer slot that the command named for automatic registration; nil if there is none.
  var index: UInt32?
  var isAutomatic = false
  /// The I/O's UBLK_IO_FLAG_* flags at the delivery; 0 if unknown.
  var ioFlags: UInt32 = 0
  /// Group of the buffer that the last delivery registered automatically; none if there is none.
  var group = GroupReference.none
}

/// The commands of ublk servers. They put pages of block requests into slots of a ring's buffer
/// table, and remove these pages again.
struct UblkTracker: ~Copyable {
  /// Maximum number of tags: more than a machine's devices have. At the limit, all are forgotten.
  private static var mostTags: Int { 1 << 18 }
  /// UBLK_F_AUTO_BUF_REG, include/uapi/linux/ublk_cmd.h.
  private static var automaticFlag: UInt32 { 1 << 11 }
  /// UBLK_IO_FLAG_AUTO_BUF_REG, drivers/block/ublk_drv.c: the driver has filled the buffer slot.
  private static var filledFlag: UInt32 { 1 << 4 }

  private var tags = Pool<UblkTagState>()
  private var tagKeys = AddressTable<UblkTagState>()
  /// Numbers that stand for ublk's character devices, by kernel address.
  private var devices = Numbering<UInt64>(limit: 4_096)
  /// The ublk device of each descriptor used on a ring, learned from completed commands.
  private var routes = BoundedCache<Route, Numbering<UInt64>.Number>(limit: 1 << 16)

  private var batches = UblkBatches()

  private struct Route: Hashable {
    var ring: Handle<RingState>
    var fd: Int32
    var isRegistered: Bool

    init(_ slot: borrowing RequestSlot) {
      ring = slot.ring
      fd = slot.request.sqe.fd
      isRegistered = slot.request.sqe.flags & SQEFlags.fixedFile.rawValue != 0
    }
  }

  // MARK: Submission

  /// Handles the submission of a driver's command.
  mutating func submitted(
    _ slot: inout RequestSlot, _ lending: inout LendingTracker, _ event: inout Event
  ) {
    let sqe = slot.request.sqe
    guard let (provider, command) = GroupProviderTraits.command(UInt32(truncatingIfNeeded: sqe.off))
    else { return }
    let index: UInt32?
    switch command.slot {
    case .payload: index = UInt32(truncatingIfNeeded: sqe.pad2)
    case .address: index = UInt32(truncatingIfNeeded: sqe.addr & 0xffff)
    case .none: index = nil
    }
    slot.joinLending()
    switch command.role {
    case .register:
      batches.noteRegistration(on: slot.ring)
      // In an SQE group the command fills no slot: its buffer is lent to the group.
      if let led = lending.resolve(lending.part(of: slot).led),
        lending[led].rules.lifecycle == .batch
      {
        describe(led, by: slot, &lending)
      } else {
        register(&slot, provider, index: index, &lending, &event)
      }
    case .unregister: if let index { unregister(&slot, index: index, &lending, &event) }
    case .deliver, .batch: break
    case .deliverBatch:
      batches.fetch(
        lending.leader(slot), of: UblkSlot(command: slot.request.sqe).queue, on: slot.ring)
    case .commitAndDeliver:
      if let tag = tag(of: slot) {
        let moment = Moment(time: slot.request.startTime, tid: slot.request.submitterTid)
        commit(tag, slot, at: moment, &lending)
      }
    }
  }

  /// Handles a driver's command that was found in flight.
  mutating func found(_ slot: inout RequestSlot, _ lending: borrowing LendingTracker) {
    guard let number = slot.request.driverCommand,
      GroupProviderTraits.command(number)?.command.role == .deliverBatch
    else { return }
    slot.joinLending()
    batches.fetch(lending.leader(slot), of: nil, on: slot.ring)
  }

  mutating func forget(_ ring: Handle<RingState>) {
    batches.forget(ring)
  }

  private mutating func register(
    _ slot: inout RequestSlot, _ provider: GroupProvider, index: UInt32?,
    _ lending: inout LendingTracker, _ event: inout Event
  ) {
    let group = lending.begin(
      provider, on: slot.ring, time: slot.request.startTime, leader: lending.leader(slot))
    let named = UblkSlot(command: slot.request.sqe)
    lending[group].origin.isUblk = true
    lending[group].buffer.isKernel = true
    lending[group].origin.queue = named.queue
    lending[group].origin.queueTag = named.tag
    lending[group].index = index
    let bufferSlot = index.map { lending.slotOrNew(slot.ring, .registered, $0) }
    lending[group].slot = bufferSlot ?? .none
    lending.lead(&slot, group, &event)
    if let tag = tag(of: slot) { Self.fill(group, self[tag], &lending) }
    // Requests behind the command in the same submission batch name the slot before the command is
    // known to succeed. So the slot gets this group now.
    guard let bufferSlot else { return }
    let old = lending[bufferSlot].group
    if old == .none || lending[old].isBeingWithdrawn { lending[bufferSlot].group = group }
  }

  /// Sets the ublk I/O whose memory the leader of an SQE group lends.
  private mutating func describe(
    _ group: Handle<GroupState>, by slot: borrowing RequestSlot, _ lending: inout LendingTracker
  ) {
    let named = UblkSlot(command: slot.request.sqe)
    lending[group].origin.isUblk = true
    lending[group].origin.queue = named.queue
    lending[group].origin.queueTag = named.tag
    guard let tag = tag(of: slot) else { return }
    let state = self[tag]
    if let disk = state.disk { lending[group].origin.disk = disk }
    guard state.request != 0 else { return }
    lending[group].origin.operation = state.operation
    lending[group].origin.sector = state.sector
    lending[group].origin.blockLength = state.length
  }

  private func unregister(
    _ slot: inout RequestSlot, index: UInt32, _ lending: inout LendingTracker,
    _ event: inout Event
  ) {
    guard let bufferSlot = lending.slot(slot.ring, .registered, index),
      let group = lending[bufferSlot].group.ifAny
    else { return }
    let reference = lending.reference(to: group)
    lending.changePart(of: &slot) { $0.withdraws = reference }
    lending.setGroup(of: &slot, to: reference, as: .withdrawer)
    lending[group].isBeingWithdrawn = true
    lending.name(group, &event)
  }

  /// Handles the commit of an I/O whose buffer was registered automatically. A commit on the
  /// buffer's ring withdraws the buffer. A commit on another ring does not.
  private mutating func commit(
    _ tag: UblkTag, _ slot: borrowing RequestSlot, at moment: Moment,
    _ lending: inout LendingTracker
  ) {
    guard let group = lending.resolve(self[tag].group), !lending[group].end.isEnded,
      lending[group].rules.isAutomatic
    else { return }
    self[tag].group = .none
    if lending[group].buffer.ring == slot.ring {
      lending.withdraw(group, at: moment)
    } else {
      lending.note(.committedElsewhere, group)
    }
  }

  /// The command's tag; nil unless an earlier command on the same descriptor showed the device.
  private func tag(of slot: borrowing RequestSlot) -> UblkTag? {
    guard let device = routes[Route(slot)] else { return nil }
    return tag(of: slot, on: device)
  }

  private func tag(
    of slot: borrowing RequestSlot, on device: Numbering<UInt64>.Number
  ) -> UblkTag {
    let named = UblkSlot(command: slot.request.sqe)
    return UblkTag(device: device, queue: named.queue, tag: named.tag)
  }

  // MARK: Completion

  /// Handles the `command` record, which arrives just before the command's `complete` record.
  mutating func command(
    _ record: UnsafePointer<record_command>, of slot: inout RequestSlot,
    _ lending: inout LendingTracker, _ event: inout Event
  ) {
    guard let (_, command) = GroupProviderTraits.command(record.pointee.command) else { return }
    if command.role == .batch || command.role == .deliverBatch {
      batches.noteDevice(
        isAutomatic: record.pointee.flags & Self.automaticFlag != 0, on: slot.ring)
      return
    }
    guard slot.request.isSQEKnown, let device = devices.number(of: record.pointee.device)
    else { return }
    let isNewRoute = routes.updateValue(device, forKey: Route(slot)) != device
    let tag = tag(of: slot, on: device)
    slot.joinLending()
    if command.role == .register, let led = lending.resolve(lending.part(of: slot).led) {
      if lending[led].rules.lifecycle == .batch {
        describe(led, by: slot, &lending)
      } else {
        Self.fill(led, self[tag], &lending)
      }
      lending.name(led, &event)
    }
    guard command.role == .deliver || command.role == .commitAndDeliver else { return }
    // The device was still unknown when the command was submitted, so the commit is handled now.
    if isNewRoute, command.role == .commitAndDeliver {
      let moment = Moment(time: slot.request.startTime, tid: record.pointee.base.tid)
      commit(tag, slot, at: moment, &lending)
    }
    let block = record.pointee.block
    self[tag].request = block.request
    self[tag].sector = block.sector
    self[tag].length = block.length
    self[tag].operation =
      block.request == 0 ? 0xff : UInt8(truncatingIfNeeded: block.operation)
    if let disk = lending.disk(block) { self[tag].disk = disk }
    let address = slot.request.sqe.addr
    self[tag].index = address <= UInt64(UInt32.max) ? UInt32(address & 0xffff) : nil
    self[tag].ioFlags = block.io_flags
    self[tag].isAutomatic = record.pointee.flags & Self.automaticFlag != 0
    lending.changePart(of: &slot) { $0.delivery = tag }
  }

  /// Handles the end of a command. If the command is one that delivers I/Os, it has now delivered
  /// one. With automatic registration, the I/O's data is in a buffer slot.
  mutating func ended(
    _ slot: inout RequestSlot, time: UInt64, _ lending: inout LendingTracker,
    _ event: inout Event
  ) {
    if slot.request.opcode.isDriverCommand { batches.ended(slot.request.id, on: slot.ring) }
    guard let tag = lending.part(of: slot).delivery else { return }
    lending.changePart(of: &slot) { $0.delivery = nil }
    guard slot.request.hasResult, slot.request.result == 0 else { return }
    var leader = lending.leader(slot)
    leader.endTime = max(time, 1)
    leader.hasResult = true
    self[tag].leader = leader
    self[tag].group = .none
    let state = self[tag]
    if let older = lending.group(priv: state.request) {
      // The block request now serves another I/O, so the driver must have the older buffer back.
      lending.acknowledge(older, at: Moment(time: time, tid: 0), function: 0, isDerived: true)
    }
    guard state.isAutomatic, let index = state.index else { return }
    // Flushes and discards have no data. If the block request is unknown, only the use by a member
    // will show that there is data.
    guard state.request == 0 || state.operation <= 1 && state.length > 0 else { return }
    let group = lending.begin(.ublkAuto, on: slot.ring, time: time, leader: leader)
    lending[group].origin.isUblk = true
    lending[group].buffer.isKernel = true
    lending[group].origin.queue = tag.queue
    lending[group].origin.queueTag = tag.tag
    lending[group].index = index
    Self.fill(group, state, &lending)
    lending[group].isTentative = state.request == 0
    lending.provide(group, time: time)
    lending.name(group, &event)
    if state.ioFlags != 0, state.ioFlags & Self.filledFlag == 0 {
      // The slot was not filled. With UBLK_AUTO_BUF_REG_FALLBACK the server must register the
      // buffer.
      lending[group].buffer.providedTime = 0
      lending.note(.notRegistered, group)
      lending.end(group, time: time)
      return
    }
    if slot.request.group == 0 {
      lending.setGroup(of: &slot, to: lending.reference(to: group), as: .leader)
    }
    lending.putAutomatically(group, into: index, length: UInt64(state.length), time: time)
    self[tag].group = lending.reference(to: group)
  }

  /// The command that delivered the I/O of the group's buffer; nil unless the buffer was registered
  /// automatically. The leader is empty if several commands may have delivered the I/O.
  mutating func automaticLeader(of group: borrowing GroupState) -> RequestGroup.Leader? {
    guard !group.leader.isKnown, group.origin.priv != 0, let index = group.index else { return nil }
    if group.origin.isUblk,
      let leader = batches.leader(
        queue: group.origin.queue, tag: group.origin.queueTag, on: group.buffer.ring)
    {
      return leader
    }
    let (priv, ring) = (group.origin.priv, group.buffer.ringID)
    var found: RequestGroup.Leader?
    tags.forEachSlot { tag in
      if found == nil, tag.request == priv, tag.index == index, tag.leader.ring == ring {
        found = tag.leader
      }
    }
    return found
  }

  private static func fill(
    _ group: Handle<GroupState>, _ tag: UblkTagState, _ lending: inout LendingTracker
  ) {
    if let disk = tag.disk { lending[group].origin.disk = disk }
    guard tag.request != 0 else { return }
    // The pages of a block request can be in two buffer slots. The look-up by `priv` then keeps the
    // first group. The use of the second group's buffer by a member shows the block request.
    if lending.group(priv: tag.request) == nil { lending.setPriv(tag.request, of: group) }
    lending[group].origin.operation = tag.operation
    lending[group].origin.sector = tag.sector
    lending[group].origin.blockLength = tag.length
    if lending[group].buffer.length == 0 { lending[group].buffer.length = UInt64(tag.length) }
    if lending[group].buffer.direction == .unknown {
      lending[group].buffer.direction =
        tag.operation == 0 ? .destination : tag.operation == 1 ? .source : .unknown
    }
  }

  // MARK: Tags

  /// The state of a tag, made on first access.
  private subscript(_ tag: UblkTag) -> UblkTagState {
    mutating _read { yield tags[handle(tag)] }
    _modify {
      let handle = handle(tag)
      yield &tags[handle]
    }
  }

  private mutating func handle(_ tag: UblkTag) -> Handle<UblkTagState> {
    if let position = tagKeys.find(tag.key), tagKeys[position].handle != .none {
      return tagKeys[position].handle
    }
    if tags.count >= Self.mostTags {
      tags = Pool()
      tagKeys = AddressTable()
    }
    if tagKeys.isCrowded { tagKeys.grow() }
    let handle = tags.take(UblkTagState())
    tags[handle] = UblkTagState()
    tagKeys[tagKeys.insert(tag.key)].handle = handle
    return handle
  }

  #if DEBUG
    /// Traps unless the table of tags is consistent.
    func checkInvariants() {
      tagKeys.checkInvariants()
    }
  #endif
}

extension LendingTracker {
  /// Records that the driver has put a buffer into a slot. The driver does so only if the slot is
  /// empty, so an older group that is still recorded there is withdrawn.
  fileprivate mutating func putAutomatically(
    _ group: Handle<GroupState>, into index: UInt32, length: UInt64, time: UInt64
  ) {
    let slot = slotOrNew(self[group].buffer.ring, .registered, index)
    let old = self[slot].group
    if old != .none { withdraw(old, at: Moment(time: time, tid: 0)) }
    self[group].slot = slot
    self[slot].group = group
    self[slot].isFilled = true
    self[slot].buffer.providedTime = time
    self[slot].buffer.key = 0
    self[slot].buffer.isKernel = true
    // The old reference count is that of the slot's previous buffer.
    self[slot].references = 0
    self[slot].buffer.length = length
  }
}

extension GroupProviderTraits {
  /// The command with this number (`cmd_op`) and its provider; nil if no provider has the command.
  package static func command(_ number: UInt32) -> (provider: GroupProvider, command: Command)? {
    // The commands of almost all other drivers fail this test: 'u' is the ioctl type of ublk.
    guard number >> 8 & 0xff == UInt32(UInt8(ascii: "u")) else { return nil }
    for traits in all {
      for command in traits.commands where command.number == number {
        return (GroupProvider(traits), command)
      }
    }
    return nil
  }
}
