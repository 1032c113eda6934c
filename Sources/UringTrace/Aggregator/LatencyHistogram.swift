import Histogram

/// A distribution of nanoseconds with two significant digits, which grows with the values it gets.
struct LatencyHistogram {
  private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .two)

  /// Longer ones (39 hours) count as this: the histogram's memory grows with its largest value.
  static let longest: UInt64 = 1 << 47

  var count: UInt64 { histogram.totalCount }

  @inline(__always)
  mutating func record(_ nanoseconds: UInt64) {
    histogram.record(min(nanoseconds, Self.longest))
  }

  mutating func add(_ other: LatencyHistogram) {
    histogram.add(other.histogram)
  }

  var summary: LatencySummary {
    var summary = LatencySummary()
    guard count > 0 else { return summary }
    summary.count = count
    summary.p50 = histogram.valueAtPercentile(50)
    summary.p90 = histogram.valueAtPercentile(90)
    summary.p99 = histogram.valueAtPercentile(99)
    summary.p999 = histogram.valueAtPercentile(99.9)
    summary.max = histogram.maxRecorded
    summary.mean = histogram.mean
    return summary
  }

  /// About eight to each doubling, without empty ones.
  var buckets: [OpcodeLatency.Bucket] {
    var buckets: [OpcodeLatency.Bucket] = []
    for recorded in histogram.recordedValues() {
      let bound = Self.upperBound(recorded.value)
      if buckets.last?.upperBound == bound {
        buckets[buckets.count - 1].count += recorded.count
      } else {
        buckets.append(OpcodeLatency.Bucket(upperBound: bound, count: recorded.count))
      }
    }
    return buckets
  }

  /// Largest value of the bucket that `value` falls into.
  private static func upperBound(_ value: UInt64) -> UInt64 {
    let magnitude = 64 - value.leadingZeroBitCount
    guard magnitude > 4 else { return value }
    let width = UInt64(1) << UInt64(magnitude - 4)
    return value | (width - 1)
  }
}
