/// A copy of a histogram: counts of buckets that are at most 0.8 % wide.
package struct LatencyCounts: Hashable, Sendable {
  /// Number of the first bucket.
  package var first = 0
  package var counts: [UInt64] = []

  /// The difference from an earlier copy of the same histogram.
  package func since(_ earlier: LatencyCounts) -> LatencyCounts {
    var difference = self
    for (index, count) in earlier.counts.enumerated() {
      let position = earlier.first - first + index
      if counts.indices.contains(position) { difference.counts[position] &-= count }
    }
    return difference
  }

  /// The largest value of the last bucket in use; 0 if there is none.
  package var bound: UInt64 {
    counts.lastIndex { $0 > 0 }.map { LatencyHistogram.upperBound(first + $0) } ?? 0
  }

  /// - Parameters:
  ///   - max: the largest value, or a bound of it.
  ///   - sum: sum of all values.
  package func summary(max: UInt64, sum: UInt64) -> LatencySummary {
    counts.withUnsafeBufferPointer {
      LatencyHistogram.summary($0, first: first, max: max, sum: sum)
    }
  }

  /// Buckets to draw.
  package var buckets: [OpcodeLatency.Bucket] {
    counts.withUnsafeBufferPointer { LatencyHistogram.buckets($0, first: first) }
  }
}
