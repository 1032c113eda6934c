import UringBase
import UringTrace

/// Decides when the surveyor looks for requests that may have ended unnoticed. The pause grows while the searches have
/// suspects, so a request that hangs forever costs little.
struct SuspectSearch {
  /// Time of the next check.
  private(set) var nextCheck: UInt64 = 0
  private var pause = SuspectSearch.shortestPause
  private var lastFound = false
  /// Until this time, requests seen so far may still become suspects.
  private var settlingUntil: UInt64 = 0

  private static let shortestPause: UInt64 = 50_000_000
  private static let longestPause: UInt64 = 2_000_000_000
  /// Maximum number of suspects in one walk: a quarter of the table.
  static let limit = 1 << 14

  /// True if a check is needed even if no record arrives.
  func isPending(at time: UInt64) -> Bool { lastFound || time < settlingUntil }

  mutating func noteRecords(at time: UInt64) { settlingUntil = time + 2 * Self.shortestPause }

  /// Resets the pause: records were lost, or a request ended unnoticed, so others may have ended too.
  mutating func noteEnd() { pause = Self.shortestPause }

  mutating func noteLoss() {
    noteEnd()
    nextCheck = 0
  }

  /// Suspects, if a search is due.
  mutating func suspects(in aggregator: borrowing Aggregator, at time: UInt64) -> [SuspectRequest] {
    guard time >= nextCheck else { return [] }
    let suspects = aggregator.suspects(at: time, limit: Self.limit)
    // a search may use at most 1 % of the time, even with very many requests in flight
    let cost = MonotonicClock.now() &- time
    nextCheck = time + max(pause, cost * 100)
    lastFound = !suspects.isEmpty
    if lastFound { pause = min(pause * 2, Self.longestPause) }
    return suspects
  }
}
