import UringBase
import UringTrace

/// Decides when the surveyor thread checks suspects: requests that may have ended unnoticed.
///
/// The pause between two checks grows while there are suspects, so a request that hangs forever
/// costs little.
struct SuspectSearch {
  /// Earliest time of the next check.
  private(set) var nextCheck: UInt64 = 0
  private var pause = SuspectSearch.shortestPause
  private var lastFound = false
  /// Time until which requests seen so far may still become suspects.
  private var settlingUntil: UInt64 = 0

  private static let shortestPause: UInt64 = 50_000_000
  private static let longestPause: UInt64 = 2_000_000_000
  /// Maximum number of suspects in one check: a quarter of the slots in the table shared with the
  /// BPF iterators (`PROBE_SUSPECT_SLOTS`).
  static let limit = 1 << 14

  /// True if a check must take place even if no record arrives.
  func isPending(at time: UInt64) -> Bool { lastFound || time < settlingUntil }

  mutating func noteRecords(at time: UInt64) { settlingUntil = time + 2 * Self.shortestPause }

  /// Resets the pause after a loss of records, or after a request was found to have ended
  /// unnoticed: other requests may have ended unnoticed as well.
  mutating func noteEnd() { pause = Self.shortestPause }

  mutating func noteLoss() {
    noteEnd()
    nextCheck = 0
  }

  /// Returns the suspects if a check is due, else an empty array.
  mutating func suspects(in aggregator: borrowing Aggregator, at time: UInt64) -> [SuspectRequest] {
    guard time >= nextCheck else { return [] }
    let suspects = aggregator.suspects(at: time, limit: Self.limit)
    // Collecting suspects may use at most 1 % of the time, even with very many requests in flight.
    let cost = MonotonicClock.now() &- time
    nextCheck = time + max(pause, cost * 100)
    lastFound = !suspects.isEmpty
    if lastFound { pause = min(pause * 2, Self.longestPause) }
    return suspects
  }
}
