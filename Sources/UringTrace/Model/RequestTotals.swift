/// Counts of requests and of the ways in which they ended, over all rings ever seen, including
/// rings that are no longer kept.
///
/// ``submitted`` plus ``found`` equals the number of ended requests plus ``inFlight``, unless
/// records were lost or only a sample was recorded.
public struct RequestTotals: Hashable, Sendable {
  public var submitted: UInt64 = 0
  /// Requests older than the observation.
  public var found: UInt64 = 0
  /// Requests that ended with a CQE in the ring.
  public var completed: UInt64 = 0
  /// Requests that ended with a CQE that did not fit into the ring.
  public var overflowed: UInt64 = 0
  /// Requests that ended without a CQE, as requested by IOSQE_CQE_SKIP_SUCCESS.
  public var skipped: UInt64 = 0
  /// Requests whose end no event showed.
  public var endedUnseen: UInt64 = 0
  public var inFlight: UInt64 = 0
  /// Number of rings, closed rings included.
  public var rings: UInt64 = 0

  public init() {}

  var begun: UInt64 { submitted &+ found }
  package var ended: UInt64 { completed &+ overflowed &+ skipped &+ endedUnseen }

  /// Requests that have begun but are neither in flight nor counted as ended.
  var missing: UInt64 { begun.since(ended &+ inFlight) }

  /// True if the requests begun equal those ended plus those in flight.
  var balances: Bool { begun == ended &+ inFlight }

  mutating func add(_ counts: Ring.Counts) {
    submitted &+= counts.submitted
    found &+= counts.found
    completed &+= counts.completed
    overflowed &+= counts.overflowed
    skipped &+= counts.skipped
    endedUnseen &+= counts.endedUnseen
  }
}
