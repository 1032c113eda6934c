import UringBase
import UringTrace

/// When to have the surveyor look for requests that may have ended unnoticed. One that hangs for good is
/// looked for less and less often.
struct SuspectSearch {
  /// Time of the next check.
  private(set) var nextCheck: UInt64 = 0
  private var pause = SuspectSearch.shortestPause
  private var lastFound = false
  /// Requests seen before may still become suspects until then.
  private var settlingUntil: UInt64 = 0

  private static let shortestPause: UInt64 = 50_000_000
  private static let longestPause: UInt64 = 2_000_000_000
  /// Suspects in one walk: a quarter of the table.
  static let limit = 1 << 14

  /// A check is wanted though no record arrives.
  func isPending(at time: UInt64) -> Bool { lastFound || time < settlingUntil }

  mutating func noteRecords(at time: UInt64) { settlingUntil = time + 2 * Self.shortestPause }

  /// Records were lost, or a request turned out to have ended: others may have.
  mutating func noteEnd() { pause = Self.shortestPause }

  mutating func noteLoss() {
    noteEnd()
    nextCheck = 0
  }

  /// The suspects, when it is time to look for them.
  mutating func suspects(in aggregator: borrowing Aggregator, at time: UInt64) -> [SuspectRequest] {
    guard time >= nextCheck else { return [] }
    let suspects = aggregator.suspects(at: time, limit: Self.limit)
    // with very many in flight, looking through them must stay cheap
    let cost = MonotonicClock.now() &- time
    nextCheck = time + max(pause, cost * 100)
    lastFound = !suspects.isEmpty
    if lastFound { pause = min(pause * 2, Self.longestPause) }
    return suspects
  }
}
