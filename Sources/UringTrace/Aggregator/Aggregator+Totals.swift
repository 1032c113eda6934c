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
    let sum = rings.total
    return Totals(
      submitted: sum.submitted, completed: sum.completed, inFlight: UInt64(rings.inFlightCount),
      rings: UInt64(rings.lastID))
  }
}
