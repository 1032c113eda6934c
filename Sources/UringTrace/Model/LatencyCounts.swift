/// A copy of a histogram: counts of buckets that are at most 0.8 % wide.
package struct LatencyCounts: Hashable, Sendable {
  /// Histogram index of the first bucket in ``counts``.
  package var first = 0
  package var counts: [UInt64] = []

  /// Returns the counts added since an earlier copy of the same histogram.
  package func since(_ earlier: LatencyCounts) -> LatencyCounts {
    var difference = self
    for (index, count) in earlier.counts.enumerated() {
      let position = earlier.first - first + index
      if counts.indices.contains(position) { difference.counts[position] &-= count }
    }
    return difference
  }

  /// Upper bound of the last bucket whose count is not 0; 0 if there is no such bucket.
  package var bound: UInt64 {
    counts.lastIndex { $0 > 0 }.map { LatencyHistogram.upperBound(first + $0) } ?? 0
  }

  /// - Parameters:
  ///   - max: the largest value, or an upper bound of it.
  ///   - sum: the sum of all values.
  package func summary(max: UInt64, sum: UInt64) -> LatencySummary {
    counts.withUnsafeBufferPointer {
      LatencyHistogram.summary($0, first: first, max: max, sum: sum)
    }
  }

  /// Buckets for drawing, as in ``OpcodeLatency/buckets``.
  package var buckets: [OpcodeLatency.Bucket] {
    counts.withUnsafeBufferPointer { LatencyHistogram.buckets($0, first: first) }
  }
}
