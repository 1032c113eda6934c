import CRecord

/// A ring's part in the lending of buffers.
struct LendingRing {
  var id: Ring.ID = 0
  /// The newest first.
  var slots = PoolList<BufferSlotState>()
  /// The table of buffers is known: a slot that is not here is empty.
  var isTableKnown = false
  /// The call that changed the table, while the slots' records arrive.
  var tableCall: RegisterOpcode?
  /// The SQE group that takes members.
  var openBatch = GroupReference.none
  /// Submissions carry their role in an SQE group.
  var recordsRoles = false
}

/// State that one record leaves for the next.
struct PendingRecords {
  /// Arguments of a call of `io_uring_register`, until its record arrives.
  var argument: record_register_argument?
  /// The block request of the buffer use that follows.
  var block: record_block?
  /// The buffer that `io_free_rsrc_node` gave back last.
  var released: (group: GroupReference, priv: UInt64, tid: UInt32)?
}
