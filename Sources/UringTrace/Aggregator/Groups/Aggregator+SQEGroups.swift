import CRecord

/// SQE groups of the patch series: the first SQE with the flag leads, those behind it are members up to
/// and including the first without the flag, or the batch's end.
extension Aggregator {
  /// A leader's or member's `group_role`, from the kernel's own state of the batch.
  private static var leads: UInt16 { UInt16(RECORD_ROLE_LEADS) }

  /// - Parameter role: nil where the record does not tell; then what came before does.
  mutating func joinSQEGroup(_ slot: UInt32, role: UInt16?) {
    let ring = slots[slot].ring
    guard hasSQEGroups || role ?? 0 != 0 else { return }
    let isFlagged = slots[slot].request.sqe.flags & SQEFlags.group != 0
    let open = rings[ring].openSQEGroup
    // The end of a batch ends its group too: then the next request is in none, or leads another.
    let isOutside = role == Self.leads || role == 0 && rings[ring].tellsSQEGroupRoles
    if isOutside { rings[ring].openSQEGroup = noIndex }
    let isOpen =
      open != noIndex && tables.groups[open].id == rings[ring].openSQEGroupID && !isOutside
    if isOpen {
      join(slot, open)
      if !isFlagged { rings[ring].openSQEGroup = noIndex }
      return
    }
    guard isFlagged else { return }
    let group = beginGroup(
      .sqeGroup, ring: ring, time: slots[slot].request.startTime, leader: leader(slot))
    lead(slot, group)
    rings[ring].openSQEGroup = group
    rings[ring].openSQEGroupID = tables.groups[group].id
    if role == Self.leads { rings[ring].tellsSQEGroupRoles = true }
  }

  /// Whether the kernel has them: elsewhere the flag is invalid.
  private var hasSQEGroups: Bool { requestFlagNames.contains("SQE_GROUP") }

  /// A request without the flag while a group is open is its last member.
  @inline(__always)
  func closesSQEGroup(_ ring: UInt32) -> Bool { rings[ring].openSQEGroup != noIndex }

  /// The leader's buffer, as a member or the leader completes.
  mutating func groupBuffer(_ record: UnsafePointer<record_group_buffer>) {
    let header = record.pointee.base
    _ = ring(of: header)
    guard let own = latestSlot(at: header.req) else { return }
    let number = slots[own].member
    var group = noIndex
    if number != noIndex {
      // A leader that is to have no CQE has ended by now.
      group = tables.members[number].group
      tables.members[number].member.isConfirmed = true
    } else if slots[own].led != noIndex, tables.groups[slots[own].led].id == slots[own].ledID {
      group = slots[own].led
    }
    guard group != noIndex, tables.groups[group].provider == .sqeGroup else { return }
    name(own)
    nameGroup(group)
    guard record.pointee.length != 0 else { return }
    tables.groups[group].isKernel = true
    tables.groups[group].length = record.pointee.length
    tables.groups[group].offset = record.pointee.offset
    tables.groups[group].segments = record.pointee.segments
    // enum: ITER_SOURCE 1 and ITER_DEST 0 as `dir`.
    tables.groups[group].direction = record.pointee.direction == 0 ? .destination : .source
    tables.groups[group].release = record.pointee.acknowledge
    provide(group, time: header.time_ns)
  }

  /// The leader has ended. Its CQE is the group's last, and the buffer is given back right after it; of
  /// one that is to have no CQE only the beginning of its members is seen.
  mutating func finishSQEGroup(
    _ group: UInt32, isSilent: Bool, time: UInt64, tid: UInt32
  ) {
    rings[tables.groups[group].ring].forgetOpen(group)
    guard !tables.groups[group].isEnded, !isSilent || tables.groups[group].running == 0 else {
      return
    }
    if tables.groups[group].withdrawnTime == 0 { tables.groups[group].withdrawnTime = max(time, 1) }
    if tables.groups[group].providedTime == 0 {
      // Only an order, without a buffer; or it failed.
      endGroup(group, time: time)
    } else {
      acknowledge(group, time: time, tid: tid, function: 0, isDerived: true)
    }
  }
}

extension RingState {
  fileprivate mutating func forgetOpen(_ group: UInt32) {
    if openSQEGroup == group { openSQEGroup = noIndex }
  }
}
