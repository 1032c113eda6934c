/// A chain of linked requests.
struct ChainState {
  var id: Chain.ID = 0
  var ring: Ring.ID = 0
  /// In order of execution.
  var members = PoolList<ChainMember>()
  /// Members that have left the history. The chain is forgotten once all have.
  var evictedCount: UInt32 = 0
  /// The member that `io_uring_fail_link` named as failed, and the member it cancelled last.
  var failed = Handle<ChainMember>.none
  var lastCancelled = Handle<ChainMember>.none
}

/// A request as the member of a chain.
struct ChainMember: Listed {
  var chain = Handle<ChainState>.none
  var slot = Handle<RequestSlot>.none
  /// True if the request has left the history and is kept only for its chain.
  var isEvicted = false
  var link = ListLink<ChainMember>()
}
