/// A chain of requests; its members are joined by ``RequestSlot/chainNext``.
struct ChainState {
  var id: Chain.ID = 0
  var ring: Ring.ID = 0
  /// Slots of the head and the tail.
  var first = noIndex
  var last = noIndex
  var count: UInt32 = 0
  /// Members that have left the history. Once all have, the chain is forgotten.
  var evictedCount: UInt32 = 0
  /// Slot of the request that `io_uring_fail_link` named as failed, and of the one it cancelled last.
  var failed = noIndex
  var lastCancelled = noIndex
}
