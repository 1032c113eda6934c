/// A chain of linked requests.
struct ChainState {
  var id: Chain.ID = 0
  var ring: Ring.ID = 0
  /// In order of execution.
  var members = PoolList<ChainMember>()
  /// Members that have left the history. Once all have, the chain is forgotten.
  var evictedCount: UInt32 = 0
  /// The member that `io_uring_fail_link` named as failed, and the one it cancelled last.
  var failed = Handle<ChainMember>.none
  var lastCancelled = Handle<ChainMember>.none
}

/// A request as the member of a chain.
struct ChainMember: Listed {
  var chain = Handle<ChainState>.none
  var slot = Handle<RequestSlot>.none
  /// No longer in the history; kept for its chain.
  var isEvicted = false
  var link = ListLink<ChainMember>()
}
