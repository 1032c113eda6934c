import UringTrace

/// The counts in a snapshot, summed over all rings of a process.
public struct Comparison {
  public var submitted: UInt64 = 0
  public var preparationFailures: UInt64 = 0
  public var cqes: UInt64 = 0
  public var overflows: UInt64 = 0
  public var skipped: UInt64 = 0
  public var unseen: UInt64 = 0
  public var inFlight: UInt64 = 0
  public var rings = 0

  public init(_ snapshot: Snapshot, pid: UInt32) {
    for ring in snapshot.rings where ring.ownerTgid == pid {
      rings += 1
      submitted += ring.counts.submitted
      preparationFailures += ring.counts.preparationFailures
      cqes += ring.counts.cqes
      overflows += ring.counts.overflows
      skipped += ring.counts.skipped
      unseen += ring.counts.endedUnseen
      inFlight += UInt64(ring.inFlight)
    }
  }

  public var description: String {
    "rings \(rings) submitted \(submitted) prep \(preparationFailures) cqes \(cqes) "
      + "overflows \(overflows) skipped \(skipped) unseen \(unseen) in flight \(inFlight)"
  }
}
