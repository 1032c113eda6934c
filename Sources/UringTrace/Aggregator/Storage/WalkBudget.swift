/// Bounds the time of walks over all requests that single records ask for, such as a ring's balance.
///
/// Ordinary recordings never reach the bound. A file could ask for a walk over very many requests with each of its
/// records, which would take time quadratic in its size.
struct WalkBudget {
  /// About a nanosecond each. Negative after a walk that cost more than was left.
  private var steps: Int64 = 1_000_000_000

  private static var stepsPerRecord: Int64 { 10_000 }

  /// Whether a record may ask for a walk.
  mutating func admitsRecord() -> Bool {
    steps &+= Self.stepsPerRecord
    return steps > 0
  }

  /// Pays for requests that a walk passed, and for those that it looked at.
  mutating func pay(passed: Int, looked: Int) {
    steps &-= Int64(passed &+ looked &* 50)
  }
}
