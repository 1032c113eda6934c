/// How long nothing has moved in a ring's queues, from looks at them now and then.
///
/// A look is recorded only when it differs from the one before.
struct QueueDepth {
  private(set) var time: UInt64 = 0
  /// Of the first look; nanoseconds, 0 before.
  private(set) var firstTime: UInt64 = 0
  private var sqPending: UInt32 = 0
  private var cqPending: UInt32 = 0
  /// Counters at the time of the look.
  private var submitted: UInt64 = 0
  private var cqes: UInt64 = 0
  private var sqSince: UInt64 = 0
  private var cqSince: UInt64 = 0

  /// A change shows within this time, as a rule.
  private static let patience: UInt64 = 3_000_000_000

  mutating func look(sqPending: UInt32, cqPending: UInt32, _ counts: Ring.Counts, at time: UInt64) {
    if sqPending == 0 {
      sqSince = 0
    } else if sqSince == 0 || sqPending < self.sqPending || counts.submitted != submitted {
      sqSince = time
    }
    // Nobody reaps if there are as many more as were posted.
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

  /// 0 if there are no SQEs, or some were taken since the look.
  func sqPendingSince(_ counts: Ring.Counts) -> UInt64 {
    counts.submitted == submitted ? sqSince : 0
  }

  /// 0 if there are no CQEs, or as many were reaped as were posted since the look.
  func cqPendingSince(_ counts: Ring.Counts, at now: UInt64) -> UInt64 {
    counts.cqes == cqes || now.since(time) < Self.patience ? cqSince : 0
  }
}
