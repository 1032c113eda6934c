/// A request that may have ended unnoticed, by the kernel's addresses.
public struct SuspectRequest: Hashable, Sendable {
  /// `struct io_ring_ctx *`.
  public var ring: UInt64
  /// `struct io_kiocb *`.
  public var request: UInt64

  public init(ring: UInt64, request: UInt64) {
    self.ring = ring
    self.request = request
  }
}

extension Aggregator {
  /// How long a request that may end without a CQE is in flight before it is looked for.
  private static var silentAge: UInt64 { 50_000_000 }

  /// Requests in flight whose end may have been missed at `time`: records were lost since they were
  /// last heard of, or their success posts no CQE and they are in flight for 50 ms. Live, the probe
  /// looks for them in the kernel's free lists and answers with ``RecordKind/freed``.
  ///
  /// Oldest first. Walks everything in flight.
  public func suspects(at time: UInt64, limit: Int) -> [SuspectRequest] {
    var suspects: [SuspectRequest] = []
    var slot = inFlight.first
    while slot != noIndex, suspects.count < limit {
      if maySilentlyHaveEnded(slot, at: time) {
        suspects.append(
          SuspectRequest(
            ring: rings[links[slot].ring].ring.address, request: slots[slot].request.address))
      }
      slot = links[slot].next
    }
    return suspects
  }

  /// Processes that own a ring with requests in flight, where known.
  public var ownersOfRequestsInFlight: Set<UInt32> {
    var owners: Set<UInt32> = []
    for index in 0..<rings.end
    where !rings[index].isGone && rings[index].ring.inFlight > 0
      && rings[index].ring.ownerTgid != 0
    {
      owners.insert(rings[index].ring.ownerTgid)
    }
    return owners
  }

  private func maySilentlyHaveEnded(_ slot: UInt32, at time: UInt64) -> Bool {
    if lossTime != 0, isSuspect(slot) { return true }
    guard
      slots[slot].isSilent
        || slots[slot].request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0
    else { return false }
    return slots[slot].request.lastTime &+ Self.silentAge <= time
  }
}
