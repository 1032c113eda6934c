/// Limits the time of the walks over the aggregator's own list of requests that single records
/// cause, such as `ring_balance`.
///
/// Ordinary recordings never reach the limit. Without the limit, each record of a file could cause
/// a walk over very many requests, and reading would take time quadratic in the file's size.
struct WalkBudget {
  /// Steps left, about a nanosecond each. Negative after a walk that cost more than was left.
  private var steps: Int64 = 1_000_000_000

  private static var stepsPerRecord: Int64 { 10_000 }

  /// Adds a record's steps to the budget. Returns true if the record may cause a walk.
  mutating func admitsRecord() -> Bool {
    steps &+= Self.stepsPerRecord
    return steps > 0
  }

  /// Charges for the requests that a walk passed over, and for those that it looked at.
  mutating func pay(passed: Int, looked: Int) {
    steps &-= Int64(passed &+ looked &* 50)
  }
}
