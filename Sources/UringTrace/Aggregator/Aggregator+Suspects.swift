/// The kernel addresses of a request that may have ended unnoticed.
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
  /// Minimum age of a request that may end without a CQE before the probe looks for it.
  private static var silentAge: UInt64 { 50_000_000 }

  /// Requests in flight whose end may have been missed at `time`: records were lost since the last record about
  /// the request, or its success posts no CQE and it has been in flight for 50 ms. Live, the probe searches the
  /// kernel's free lists for them and reports them with ``RecordKind/freed``.
  ///
  /// Oldest first. Visits every request in flight.
  public func suspects(at time: UInt64, limit: Int) -> [SuspectRequest] {
    var suspects: [SuspectRequest] = []
    requests.forEachInFlight { _, slot in
      guard suspects.count < limit else { return false }
      if maySilentlyHaveEnded(slot, at: time) {
        suspects.append(
          SuspectRequest(ring: rings[slot.ring].ring.address, request: slot.request.address))
      }
      return true
    }
    return suspects
  }

  /// Processes that own a ring with requests in flight, where known.
  public var ownersOfRequestsInFlight: Set<UInt32> {
    var owners: Set<UInt32> = []
    rings.forEachRing { _, ring in
      if ring.ring.inFlight > 0, ring.ring.ownerTgid != 0 { owners.insert(ring.ring.ownerTgid) }
    }
    return owners
  }

  /// Processes that created or held rings not known to be closed.
  public var ownersOfOpenRings: Set<UInt32> {
    var owners: Set<UInt32> = []
    rings.forEachRing { _, ring in
      if !ring.ring.isClosed, ring.ring.ownerTgid != 0 { owners.insert(ring.ring.ownerTgid) }
    }
    return owners
  }

  private func maySilentlyHaveEnded(_ slot: borrowing RequestSlot, at time: UInt64) -> Bool {
    if requests.lossTime != 0, slot.request.lastTime <= requests.lossTime { return true }
    let skipsCQE = slot.request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0
    guard slot.isSilent || skipsCQE else { return false }
    return slot.request.lastTime &+ Self.silentAge <= time
  }
}
