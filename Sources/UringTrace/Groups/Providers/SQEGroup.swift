import CRecord

extension GroupProvider {
  /// SQE groups whose members share the leader's buffer. This is a kernel patch series, detected by
  /// its structure fields.
  public static let sqeGroup = GroupProvider(.sqeGroup)
}

extension GroupProviderTraits {
  // The command has the number that UBLK_U_IO_REGISTER_IO_BUF has in mainline ublk.
  static let sqeGroup = GroupProviderTraits(
    id: 7, name: "sqe_group", title: "SQE group", releases: ["ublk_io_buf_giveback_cb"],
    commands: [
      Command(number: 0xc010_7523, name: "UBLK_U_IO_PROVIDE_IO_BUF", role: .register, slot: .none)
    ],
    acknowledgement: "grp_kbuf_ack",
    rules: GroupRules(lifecycle: .batch, isOneTransfer: true))
}

/// The first SQE with the group flag (bit 7 of `sqe->flags`) is the leader. The SQEs behind it are
/// members, up to and including the first without the flag, or up to the end of the submission
/// batch.
extension LendingTracker {
  /// Value of `group_role` for a leader, from the kernel's own state of the submission batch.
  private static var leads: UInt16 { UInt16(RECORD_ROLE_LEADS) }

  /// Adds a request to the open SQE group of its ring, or begins a group with it.
  ///
  /// - Parameter role: the `group_role` of the request; nil if the record has none, so that only
  ///   the previous submissions show the request's group.
  mutating func joinBatch(_ slot: inout RequestSlot, role: UInt16?, _ event: inout Event) {
    let ring = slot.ring
    let isFlagged = slot.request.sqe.flags & SQEFlags.group != 0
    let open = resolve(self[ring].openBatch)
    // A request outside the open group is in no group, or leads another: the group ended with the
    // previous submission batch.
    let isOutside = role == Self.leads || role == 0 && self[ring].recordsRoles
    if isOutside { setOpenBatch(.none, of: ring) }
    if let open, !isOutside {
      join(&slot, open, &event)
      if !isFlagged { setOpenBatch(.none, of: ring) }
      return
    }
    guard isFlagged else { return }
    let group = begin(
      .sqeGroup, on: ring, time: slot.request.startTime, leader: leader(slot))
    lead(&slot, group, &event)
    setOpenBatch(reference(to: group), of: ring)
    if role == Self.leads { self[ring].recordsRoles = true }
  }

  /// Sets the buffer of the group's leader. The record is written when a member or the leader
  /// completes.
  ///
  /// - Returns: false if the request is in no SQE group.
  mutating func groupBuffer(
    _ record: UnsafePointer<record_group_buffer>, of slot: borrowing RequestSlot,
    _ event: inout Event
  ) -> Bool {
    let member = member(of: slot)
    // A leader that posts no CQE has already ended: then the member identifies the group.
    if let member { self[member].member.isConfirmed = true }
    let led = resolve(part(of: slot).led)
    guard let group = member.map({ self[$0].group }) ?? led,
      self[group].rules.lifecycle == .batch
    else { return false }
    name(group, &event)
    guard record.pointee.length != 0 else { return true }
    self[group].buffer.isKernel = true
    self[group].buffer.length = record.pointee.length
    self[group].origin.offset = record.pointee.offset
    self[group].buffer.segments = record.pointee.segments
    // The kernel's values: ITER_DEST is 0, ITER_SOURCE is 1.
    self[group].buffer.direction = record.pointee.direction == 0 ? .destination : .source
    self[group].buffer.release = record.pointee.acknowledge
    provide(group, time: record.pointee.base.time_ns)
    return true
  }

  /// Handles the end of the leader. The leader's CQE is the group's last, and the buffer is given
  /// back right after it. If the leader posts no CQE (`isSilent`), the group ends with its last
  /// member, because the start of the members is the only sign of the leader's end.
  mutating func finishBatch(_ group: Handle<GroupState>, isSilent: Bool, at moment: Moment) {
    let ring = self[group].buffer.ring
    if self[ring].openBatch.id == self[group].id {
      setOpenBatch(.none, of: ring)
    }
    guard !self[group].end.isEnded, !isSilent || self[group].running == 0 else { return }
    if self[group].times.withdrawn == 0 { self[group].times.withdrawn = max(moment.time, 1) }
    if self[group].buffer.providedTime == 0 {
      // The group had no buffer and only ordered its requests, or its leader failed.
      end(group, time: moment.time)
    } else {
      acknowledge(group, at: moment, function: 0, isDerived: true)
    }
  }
}
