import CRecord

/// The lending of FUSE requests' pages to FUSE servers (Linux 7.3). The completion of a server's
/// command lends the pages of a FUSE request to the server. The server's answer to the FUSE request
/// takes the pages back.
struct FuseTracker {
  /// The fields by which a server's answer identifies its FUSE request. The ring is not one of
  /// them: the server can answer on any of its rings.
  private struct Key: Hashable {
    var unique: UInt64
    var tgid: UInt32
    /// Descriptor of the FUSE device. For a registered file, the bitwise complement of its index,
    /// which differs from every descriptor.
    var fd: Int32

    init(_ slot: borrowing RequestSlot, unique: UInt64) {
      let sqe = slot.request.sqe
      self.unique = unique
      tgid = slot.request.submitterTgid
      fd = sqe.flags & SQEFlags.fixedFile.rawValue != 0 ? ~sqe.fd : sqe.fd
    }
  }

  /// Groups of the FUSE requests that are not answered yet. Bounded, because requests of a removed
  /// mount are never answered.
  private var pending = BoundedCache<Key, GroupReference>(limit: 1 << 14)

  // MARK: Lending

  /// Handles the FUSE request that a server's command delivers. This record arrives just before the
  /// command's `complete` record.
  mutating func requested(
    _ record: UnsafePointer<record_fuse_request>, by slot: inout RequestSlot,
    _ lending: inout LendingTracker, _ event: inout Event
  ) {
    let buffer = record.pointee.buffer
    var leader = lending.leader(slot)
    leader.command = record.pointee.command
    let group = lending.begin(
      .fuse, on: slot.ring, time: record.pointee.base.time_ns, leader: leader)
    let bufferSlot = lending.slotOrNew(slot.ring, .registered, buffer.index)
    lending[group].index = buffer.index
    lending[group].slot = bufferSlot
    lending.fill(group, buffer, key: LentBuffer.key(buffer, ring: slot.ring))
    lending[group].origin.queue = UInt16(truncatingIfNeeded: record.pointee.queue)
    lending[group].origin.operation = UInt8(truncatingIfNeeded: record.pointee.operation)
    lending[group].origin.sector = record.pointee.offset
    lending[group].origin.blockLength = record.pointee.length
    lending[group].origin.fuseUnique = record.pointee.unique
    lending[group].origin.fuseNode = record.pointee.node
    lending.lead(&slot, group, &event)
    guard slot.request.isSQEKnown else { return }
    pending[Key(slot, unique: record.pointee.unique)] = lending.reference(to: group)
  }

  // MARK: Answers

  /// Handles a command that may be an answer to a FUSE request. The answer ends the FUSE request
  /// even if its pages are in use. If the answer is submitted on another ring than the one whose
  /// buffer table has the pages, the pages stay in that table (zero_copy_unregister() in
  /// fs/fuse/dev_uring.c).
  ///
  /// - Returns: false if the command is not an answer to a FUSE request.
  mutating func submitted(
    _ slot: inout RequestSlot, _ lending: inout LendingTracker, _ event: inout Event
  ) -> Bool {
    guard !pending.isEmpty,
      UInt32(truncatingIfNeeded: slot.request.sqe.off) == GroupProviderTraits.commitAndFetch
    else { return false }
    let key = Key(slot, unique: slot.request.sqe.pad2)
    guard let reference = pending.removeValue(forKey: key), let group = lending.resolve(reference),
      !lending[group].end.isEnded
    else { return true }
    lending.name(group, &event)
    if lending[group].running > 0 { lending.note(.answeredEarly, group) }
    guard lending[group].buffer.ring == slot.ring else {
      lending.note(.committedElsewhere, group)
      return true
    }
    slot.joinLending()
    lending.changePart(of: &slot) { $0.withdraws = reference }
    lending.setGroup(of: &slot, to: reference, as: .withdrawer)
    lending.withdraw(
      group, at: Moment(time: slot.request.startTime, tid: slot.request.submitterTid))
    return true
  }

  /// Revokes an answer whose command turns out to be linked behind another request: the command has
  /// not been issued yet.
  mutating func postponed(_ slot: borrowing RequestSlot, _ lending: inout LendingTracker) {
    guard let group = lending.resolve(lending.part(of: slot).withdraws),
      lending[group].origin.fuseUnique != 0, !lending[group].end.isEnded,
      lending[group].times.withdrawn == max(slot.request.startTime, 1)
    else { return }
    lending[group].times.withdrawn = 0
    lending[group].conditions.remove(.unused)
    lending[group].conditions.remove(.answeredEarly)
    if let bufferSlot = lending.emptySlot(of: group) {
      lending[bufferSlot].group = group
      lending[bufferSlot].isFilled = true
    }
    let key = Key(slot, unique: lending[group].origin.fuseUnique)
    pending[key] = lending.reference(to: group)
  }
}
