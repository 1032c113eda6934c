extension Aggregator {
  /// Sums over all rings that were ever seen.
  public struct Totals: Hashable, Sendable {
    public var submitted: UInt64
    /// Requests that ended with a CQE in the ring.
    public var completed: UInt64
    public var inFlight: UInt64
    /// Rings, closed ones included.
    public var rings: UInt64
  }

  public var totals: Totals {
    var sum = forgottenTotal
    for index in 0..<rings.end where !rings[index].isGone {
      sum += RateCounters(rings[index].ring.counts)
    }
    return Totals(
      submitted: sum.submitted, completed: sum.completed, inFlight: UInt64(inFlightCount),
      rings: UInt64(lastRingID))
  }

  /// Requests in flight on all rings.
  var inFlightCount: Int {
    var count = 0
    for index in 0..<rings.end where !rings[index].isGone {
      count += Int(rings[index].ring.inFlight)
    }
    return count
  }
}
