import CRecord

extension GroupProvider {
  /// Buffers for one submission, set up by IORING_OP_LOCAL_BUF. This is a proposed kernel patch,
  /// detected by its field and opcode name.
  public static let localBuffer = GroupProvider(.localBuffer)
}

extension GroupProviderTraits {
  // The patch can also lend kernel memory (kbuf_fn), but nothing calls that part of it.
  static let localBuffer = GroupProviderTraits(
    id: 8, name: "local_buffer", title: "local buffer", acknowledgement: "io_free_rsrc_node",
    rules: GroupRules(lifecycle: .submission, isOneTransfer: true))
}

/// IORING_OP_LOCAL_BUF sets up a buffer, without a slot, for the fixed-buffer requests behind it in
/// the same submission. The submission and each of these requests hold the buffer until they end.
extension LendingTracker {
  /// Values of `group_role` for the request that sets up a buffer and for requests that use it.
  static var localRoles: ClosedRange<UInt16> {
    UInt16(RECORD_ROLE_LENDS_LOCAL)...UInt16(RECORD_ROLE_USES_LOCAL)
  }

  /// Handles the record that follows the submission of a request that sets up or uses a local
  /// buffer.
  mutating func localBuffer(
    _ record: UnsafePointer<record_local_buffer>, of slot: inout RequestSlot,
    _ event: inout Event
  ) {
    let header = record.pointee.base
    let key = LentBuffer.key(record.pointee.buffer, ring: slot.ring)
    let known = group(key: key).flatMap {
      !self[$0].end.isEnded && self[$0].rules.lifecycle == .submission ? $0 : nil
    }
    if record.pointee.role == UInt32(RECORD_ROLE_LENDS_LOCAL) {
      // The kernel has freed the earlier buffer at this address.
      if let known { withdraw(known, at: Moment(time: header.time_ns, tid: header.tid)) }
      lead(&slot, beginLocal(leader(slot), record, key: key, slot.ring), &event)
    } else if member(of: slot) == nil {
      // If the leader's record is missing, the group begins with an unknown leader.
      join(&slot, known ?? beginLocal(.init(), record, key: key, slot.ring), &event)
    }
  }

  private mutating func beginLocal(
    _ leader: RequestGroup.Leader, _ record: UnsafePointer<record_local_buffer>, key: UInt64,
    _ ring: Handle<RingState>
  ) -> Handle<GroupState> {
    let group = begin(
      .localBuffer, on: ring, time: record.pointee.base.time_ns, leader: leader)
    fill(group, record.pointee.buffer, key: key)
    provide(group, time: record.pointee.base.time_ns)
    return group
  }

  /// Handles the end of the leader or of a member. When the leader and all members have ended,
  /// nothing holds the buffer any more: the leader's CQE is posted at the end of the submission,
  /// just before the submission releases the buffer.
  mutating func finishSubmission(_ group: Handle<GroupState>, at moment: Moment) {
    guard self[group].running == 0,
      self[group].leader.endTime != 0 || !self[group].leader.isKnown
    else { return }
    withdraw(group, at: moment)
  }
}
