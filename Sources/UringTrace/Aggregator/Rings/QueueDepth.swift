/// Tracks how long a ring's queues have not moved, from samples of their lengths (`ring_depth`
/// records).
///
/// A sample has a record only if it differs from the previous one.
struct QueueDepth {
  private(set) var time: UInt64 = 0
  /// Time of the first sample, in nanoseconds; 0 before the first sample.
  private(set) var firstTime: UInt64 = 0
  private var sqPending: UInt32 = 0
  private var cqPending: UInt32 = 0
  /// The ring's counts of submitted requests and of CQEs at the last recorded sample.
  private var submitted: UInt64 = 0
  private var cqes: UInt64 = 0
  private var sqSince: UInt64 = 0
  private var cqSince: UInt64 = 0

  /// Nanoseconds within which a change of a queue's length is usually recorded by a sample.
  private static let patience: UInt64 = 3_000_000_000

  mutating func look(sqPending: UInt32, cqPending: UInt32, _ counts: Ring.Counts, at time: UInt64) {
    if sqPending == 0 {
      sqSince = 0
    } else if sqSince == 0 || sqPending < self.sqPending || counts.submitted != submitted {
      sqSince = time
    }
    // If the completion queue grew by at least the number of CQEs that were posted, the application
    // reaped none.
    let isUntouched =
      cqPending >= self.cqPending
      && UInt64(cqPending - self.cqPending) >= counts.cqes &- cqes
    if cqPending == 0 {
      cqSince = 0
    } else if cqSince == 0 || !isUntouched {
      cqSince = time
    }
    self.time = time
    if firstTime == 0 { firstTime = time }
    self.sqPending = sqPending
    self.cqPending = cqPending
    submitted = counts.submitted
    cqes = counts.cqes
  }

  /// True if CQEs were reaped before a scan of all rings that began at `time`: the scan did not
  /// record this ring, because its queues had the same lengths as before, but CQEs were posted
  /// meanwhile.
  func showsReaping(_ counts: Ring.Counts, at time: UInt64) -> Bool {
    self.time < time && cqSince != 0 && counts.cqes != cqes
  }

  /// Notes a scan for which ``showsReaping(_:at:)`` is true.
  mutating func noteReaping(_ counts: Ring.Counts, at time: UInt64) {
    cqSince = time
    cqes = counts.cqes
  }

  /// Time since which the kernel has taken no SQE; 0 if the queue is empty, or SQEs were taken
  /// since the last sample.
  func sqPendingSince(_ counts: Ring.Counts) -> UInt64 {
    counts.submitted == submitted ? sqSince : 0
  }

  /// Time since which no CQE has been reaped; 0 if the queue is empty, or if CQEs must have been
  /// reaped since the last recorded sample. They must have been reaped if more CQEs were posted
  /// than the queue has room for, or if some were posted and no sample has shown a longer queue in
  /// time.
  ///
  /// - Parameter entries: size of the completion queue; 0 if unknown.
  func cqPendingSince(_ counts: Ring.Counts, entries: UInt32, at now: UInt64) -> UInt64 {
    let posted = counts.cqes &- cqes
    if posted == 0 { return cqSince }
    let hasRoom = entries == 0 || UInt64(cqPending) + posted <= UInt64(entries)
    return hasRoom && now.since(time) < Self.patience ? cqSince : 0
  }
}
