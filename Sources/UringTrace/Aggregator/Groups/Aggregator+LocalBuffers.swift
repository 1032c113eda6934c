import CRecord

/// Local buffers of a proposal: IORING_OP_LOCAL_BUF sets up a buffer for the fixed-buffer requests behind it
/// in the same submission. It is in no slot. The submission holds it to its own end, each of those requests
/// to theirs.
extension Aggregator {
  /// `group_role` of the request that sets one up, and of those that use it.
  static var localRoles: ClosedRange<UInt16> {
    UInt16(RECORD_ROLE_LENDS_LOCAL)...UInt16(RECORD_ROLE_USES_LOCAL)
  }

  /// Comes after the submission of either.
  mutating func localBuffer(_ record: UnsafePointer<record_local_buffer>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    guard let slot = slotInFlight(header, ring: ring) else { return }
    name(slot)
    let buffer = record.pointee.buffer
    let key = GroupTables.key(node: buffer.node, buffer: buffer.buffer, ring: ring)
    if record.pointee.role == UInt32(RECORD_ROLE_LENDS_LOCAL) {
      // The kernel has freed an earlier one of this address.
      if let earlier = alive(key) {
        withdraw(earlier, time: header.time_ns, tid: header.tid)
      }
      lead(slot, begin(leader(slot), buffer, key: key, header, ring))
    } else if slots[slot].member == noIndex {
      // Without the leader's record only its buffer is known.
      join(slot, alive(key) ?? begin(.init(), buffer, key: key, header, ring))
    }
  }

  private func alive(_ key: UInt64) -> UInt32? {
    guard let group = tables.group(key: key), !tables.groups[group].isEnded,
      tables.groups[group].provider == .localBuffer
    else { return nil }
    return group
  }

  private mutating func begin(
    _ leader: RequestGroup.Leader, _ buffer: record_buffer, key: UInt64, _ header: record,
    _ ring: UInt32
  ) -> UInt32 {
    let group = beginGroup(.localBuffer, ring: ring, time: header.time_ns, leader: leader)
    fill(group, buffer, key: key)
    provide(group, time: header.time_ns)
    return group
  }

  /// The leader or a member has ended. The leader's CQE is posted where the submission ends, before the
  /// buffer is let go: with both over, nobody holds it any more.
  mutating func finishLocalBuffer(_ group: UInt32, time: UInt64, tid: UInt32) {
    guard tables.groups[group].running == 0,
      tables.groups[group].leader.endTime != 0 || !tables.groups[group].leader.isKnown
    else { return }
    withdraw(group, time: time, tid: tid)
  }
}
