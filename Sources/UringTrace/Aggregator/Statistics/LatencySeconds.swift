/// Latencies of the last minute, by the second in which the requests ended.
///
/// The latencies of a second are the difference of two states of the histogram, so that recording a
/// latency costs nothing here.
struct LatencySeconds {
  /// Number of seconds kept.
  static let limit = 60

  private(set) var seconds: [LatencySecond] = []
  /// Counts of groups of sixteen buckets (``LatencyHistogram/coarseCounts``) at the time when the
  /// last second was added.
  private var counted: [UInt64] = []
  private var first = 0

  /// Adds a second: the latencies that the histogram has counted since the last call.
  ///
  /// - Parameter start: start of the second in which they were counted; nanoseconds,
  ///   CLOCK_MONOTONIC.
  mutating func add(_ histogram: borrowing LatencyHistogram, start: UInt64) {
    seconds = through(histogram, start: start)
    (counted, first) = histogram.coarseCounts
  }

  /// The completed seconds and the running second, which began at `start`.
  func through(_ histogram: borrowing LatencyHistogram, start: UInt64) -> [LatencySecond] {
    var (counts, firstNow) = histogram.coarseCounts
    for (index, count) in counted.enumerated() { counts[first - firstNow + index] &-= count }
    guard
      let second = LatencySecond(
        start: start, counts, first: firstNow, longest: histogram.max)
    else { return seconds }
    return seconds.suffix(Self.limit - 1) + [second]
  }
}

extension LatencySecond {
  /// - Parameter longest: the largest value in the histogram so far.
  /// - Returns: nil if nothing was counted.
  fileprivate init?(start: UInt64, _ counts: [UInt64], first: Int, longest: UInt64) {
    let all = counts.reduce(0, &+)
    guard all > 0 else { return nil }
    self.init(start: start, count: all, p50: 0, p99: 0, max: 0)
    var passed: UInt64 = 0
    for (index, count) in counts.enumerated() where count > 0 {
      let bound = Swift.min(LatencyHistogram.coarseBound(first + index), longest)
      let before = passed
      passed &+= count
      func holds(_ share: Double) -> Bool {
        let rank = Swift.max(1, UInt64((share * Double(all)).rounded(.up)))
        return before < rank && passed >= rank
      }
      if holds(0.5) { p50 = bound }
      if holds(0.99) { p99 = bound }
      max = bound
    }
  }
}
