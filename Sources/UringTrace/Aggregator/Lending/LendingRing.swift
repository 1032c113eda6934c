import CRecord

/// A ring's state in the lending of buffers.
struct LendingRing {
  var id: Ring.ID = 0
  /// Slots of registered buffers and groups of provided buffers, newest first.
  var slots = PoolList<BufferSlotState>()
  /// True if the ring's table of registered buffers is known. A slot that is not in ``slots`` is
  /// then empty.
  var isTableKnown = false
  /// The `io_uring_register` call that changed the table of buffers. Set only while the
  /// `buffer_slot` records arrive that precede the call's `register` record.
  var tableCall: RegisterOpcode?
  /// The SQE group (patched kernels) that still accepts members; none if no SQE group is open.
  var openBatch = GroupReference.none
  /// True if the ring's `submit` records contain the request's role in an SQE group (`group_role`).
  var recordsRoles = false
  /// True if a group of provided buffers was registered or has provided a buffer. The group may no
  /// longer exist.
  var hasProvidedBuffers = false
}

/// State that one record provides for a later one.
struct PendingRecords {
  /// Arguments of an `io_uring_register` call, until the call's record arrives.
  var argument: record_register_argument?
  /// The block request behind the buffer of the `buffer_use` record that follows.
  var block: record_block?
  /// The buffer that `io_free_rsrc_node` last gave back: its group, the argument of its release
  /// function, and the thread.
  var released: (group: GroupReference, priv: UInt64, tid: UInt32)?
}
