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
  /// Nanoseconds without a record after which a request that may end without a CQE becomes a
  /// suspect.
  private static var silentAge: UInt64 { 50_000_000 }

  /// Requests in flight whose end may have been missed by `time`. Either records were lost since
  /// the last record about the request, or the request posts no CQE on success and has had no
  /// record for 50 ms. Live, the probe searches the kernel's free lists for these requests and
  /// reports those that it finds with ``RecordKind/freed``.
  ///
  /// The oldest suspect is first. Visits every request in flight.
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

  /// Process ids of the known owners of rings with requests in flight.
  public var ownersOfRequestsInFlight: Set<UInt32> {
    var owners: Set<UInt32> = []
    rings.forEachRing { _, ring in
      if ring.ring.inFlight > 0, ring.ring.ownerTgid != 0 { owners.insert(ring.ring.ownerTgid) }
    }
    return owners
  }

  /// Process ids of the known owners of rings that may be open.
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
