import CRecord

/// A ring's part in the lending of buffers.
struct LendingRing {
  var id: Ring.ID = 0
  /// Slots, newest first.
  var slots = PoolList<BufferSlotState>()
  /// True if the table of buffers is known: then a slot not in ``slots`` is empty.
  var isTableKnown = false
  /// The call that changed the table, while the records of the slots arrive.
  var tableCall: RegisterOpcode?
  /// The SQE group that accepts members.
  var openBatch = GroupReference.none
  /// True if submissions record their role in an SQE group.
  var recordsRoles = false
  /// True if a group of provided buffers was registered, or has provided a buffer. It may not exist any more.
  var hasProvidedBuffers = false
}

/// State that one record leaves for the next.
struct PendingRecords {
  /// Arguments of an `io_uring_register` call, until the call's record arrives.
  var argument: record_register_argument?
  /// The block request of the buffer use that follows.
  var block: record_block?
  /// The buffer that `io_free_rsrc_node` last gave back.
  var released: (group: GroupReference, priv: UInt64, tid: UInt32)?
}
