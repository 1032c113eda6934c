/// Bounds the time of the walks over all requests that single records cause, such as a ring's balance.
///
/// Ordinary recordings never reach the bound. Without it, each record of a file could cause a walk over very many
/// requests, and reading would take time quadratic in the file's size.
struct WalkBudget {
  /// Steps left, about a nanosecond each. Negative after a walk that cost more.
  private var steps: Int64 = 1_000_000_000

  private static var stepsPerRecord: Int64 { 10_000 }

  /// Whether a record may cause a walk.
  mutating func admitsRecord() -> Bool {
    steps &+= Self.stepsPerRecord
    return steps > 0
  }

  /// Charges for the requests that a walk passed, and for those that it looked at.
  mutating func pay(passed: Int, looked: Int) {
    steps &-= Int64(passed &+ looked &* 50)
  }
}
