/// How many requests there were, and how they ended: over all rings that were ever seen, forgotten ones included.
///
/// ``submitted`` and ``found`` are together as many as those that have ended and those ``inFlight``, unless
/// records were lost or only a sample was recorded.
public struct RequestTotals: Hashable, Sendable {
  public var submitted: UInt64 = 0
  /// Older than the observation.
  public var found: UInt64 = 0
  /// Ended with a CQE in the ring.
  public var completed: UInt64 = 0
  /// Ended with a CQE that did not fit into the ring.
  public var overflowed: UInt64 = 0
  /// Ended without a CQE, as asked.
  public var skipped: UInt64 = 0
  /// Ended, and no event showed how.
  public var endedUnseen: UInt64 = 0
  public var inFlight: UInt64 = 0
  /// Rings, closed ones included.
  public var rings: UInt64 = 0

  public init() {}

  var begun: UInt64 { submitted &+ found }
  var ended: UInt64 { completed &+ overflowed &+ skipped &+ endedUnseen }

  /// Requests begun equal those ended plus those in flight.
  var balances: Bool { begun == ended &+ inFlight }

  /// Adds what was counted on a ring.
  mutating func add(_ counts: Ring.Counts) {
    submitted &+= counts.submitted
    found &+= counts.found
    completed &+= counts.completed
    overflowed &+= counts.overflowed
    skipped &+= counts.skipped
    endedUnseen &+= counts.endedUnseen
  }
}
