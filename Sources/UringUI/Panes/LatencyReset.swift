import UringBase
import UringTrace

/// Latencies since a moment that the user has chosen: the difference of two snapshots.
///
/// They are exact within 1 %, as all latencies are, except in a snapshot with very many latencies.
/// There, percentiles come from the buckets that are drawn, eight per doubling, so they are up to
/// an eighth too high.
struct LatencyReset: Sendable {
  /// The moment of the reset; nanoseconds, CLOCK_MONOTONIC.
  let time: UInt64
  private let earlier: [UInt64: OpcodeLatency]

  init(_ snapshot: Snapshot) {
    time = snapshot.time
    earlier = Dictionary(
      snapshot.latency.map { ($0.rowID, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The latencies of requests that have completed since ``time``. Opcodes without such requests
  /// are left out.
  func latencies(in snapshot: Snapshot) -> [OpcodeLatency] {
    snapshot.latency.compactMap { latency in
      var latency = latency
      latency.seconds.removeAll { $0.start < time }
      guard let old = earlier[latency.rowID] else { return latency }
      return latency.summary.count > old.summary.count ? Self.difference(latency, old) : nil
    }
  }

  private static func difference(_ new: OpcodeLatency, _ old: OpcodeLatency) -> OpcodeLatency {
    var latency = new
    for stage in Stage.allCases {
      let index = Int(stage.rawValue)
      latency.stageTotals[index] = new.stageTotals[index].since(old.stageTotals[index])
    }
    if let counts = new.counts, let earlier = old.counts {
      let rest = counts.since(earlier)
      latency.counts = rest
      latency.buckets = rest.buckets
      let sum =
        new.summary.mean * Double(new.summary.count)
        - old.summary.mean * Double(old.summary.count)
      latency.summary = rest.summary(
        max: new.summary.max > old.summary.max
          ? new.summary.max : min(new.summary.max, rest.bound),
        sum: UInt64(nearest: max(0, sum)))
      return latency
    }
    let counts = Dictionary(
      old.buckets.map { ($0.upperBound, $0.count) }, uniquingKeysWith: { first, _ in first })
    latency.buckets = new.buckets.compactMap { bucket in
      var rest = bucket
      rest.count = bucket.count.since(counts[bucket.upperBound] ?? 0)
      return rest.count == 0 ? nil : rest
    }
    latency.summary = summary(latency.buckets, new.summary, old.summary)
    return latency
  }

  private static func summary(
    _ buckets: [OpcodeLatency.Bucket], _ new: LatencySummary, _ old: LatencySummary
  ) -> LatencySummary {
    var summary = LatencySummary()
    summary.count = buckets.reduce(0) { $0 + $1.count }
    // A maximum that has not grown can be from before the reset.
    summary.max = new.max > old.max ? new.max : min(new.max, buckets.last?.upperBound ?? 0)
    let sum = new.mean * Double(new.count) - old.mean * Double(old.count)
    summary.mean = max(0, sum) / Double(max(1, summary.count))
    func percentile(_ share: Double) -> UInt64 {
      var left = Double(summary.count) * share
      let bucket = buckets.first { bucket in
        left -= Double(bucket.count)
        return left <= 0
      }
      return min(bucket?.upperBound ?? summary.max, summary.max)
    }
    summary.p50 = percentile(0.5)
    summary.p90 = percentile(0.9)
    summary.p99 = percentile(0.99)
    summary.p999 = percentile(0.999)
    return summary
  }
}

extension OpcodeLatency {
  /// An id that identifies ring and opcode.
  var rowID: UInt64 { UInt64(ring) << 8 | UInt64(opcode.rawValue) }
}
