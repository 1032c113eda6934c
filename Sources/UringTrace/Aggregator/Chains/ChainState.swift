/// A chain of linked requests.
struct ChainState {
  var id: Chain.ID = 0
  var ring: Ring.ID = 0
  /// Members in order of execution.
  var members = PoolList<ChainMember>()
  /// Number of members that have left the history. The chain is forgotten when all members have
  /// left it.
  var evictedCount: UInt32 = 0
  /// The member that the `io_uring_fail_link` tracepoint named as failed, and the member that it
  /// last named as cancelled.
  var failed = Handle<ChainMember>.none
  var lastCancelled = Handle<ChainMember>.none
}

/// A request's membership in a chain.
struct ChainMember: Listed {
  var chain = Handle<ChainState>.none
  var slot = Handle<RequestSlot>.none
  /// True if the request has left the history and is kept only for its chain.
  var isEvicted = false
  var link = ListLink<ChainMember>()
}
