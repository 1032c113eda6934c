/// A limit on the time of walks over the aggregator's own list of requests. A single record, such
/// as `ring_balance`, can cause such a walk.
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

  /// Subtracts the cost of a walk from the budget: one step for each request that the walk passed
  /// over, and 50 steps for each request that it looked at.
  mutating func pay(passed: Int, looked: Int) {
    steps &-= Int64(passed &+ looked &* 50)
  }
}
