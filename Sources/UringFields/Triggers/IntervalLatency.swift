import UringTrace

/// Latencies of the requests that ended between two snapshots, computed from the growth of the
/// histograms' buckets.
///
/// Each percentile is the upper bound of its bucket. There are about eight buckets per doubling.
public struct IntervalLatency: Sendable {
  private struct Key: Hashable {
    var ring: Ring.ID
    var opcode: Opcode
  }

  private var counts: [Key: [UInt64: UInt64]] = [:]

  public init() {}

  /// Latencies of the requests that ended since the last call, by ring and opcode. The first call
  /// returns all latencies so far.
  public mutating func advance(to snapshot: Snapshot) -> [OpcodeLatency] {
    var result: [OpcodeLatency] = []
    var next: [Key: [UInt64: UInt64]] = [:]
    for latency in snapshot.latency {
      let key = Key(ring: latency.ring, opcode: latency.opcode)
      let before = counts[key] ?? [:]
      var now: [UInt64: UInt64] = [:]
      var grown: [OpcodeLatency.Bucket] = []
      for bucket in latency.buckets {
        now[bucket.upperBound, default: 0] += bucket.count
        let old = before[bucket.upperBound] ?? 0
        guard bucket.count > old else { continue }
        var growth = bucket
        growth.count -= old
        grown.append(growth)
      }
      next[key] = now
      guard !grown.isEmpty else { continue }
      var interval = latency
      interval.buckets = grown
      interval.summary = LatencySummary(grown)
      result.append(interval)
    }
    counts = next
    return result
  }
}

extension LatencySummary {
  /// Summarises buckets in ascending order.
  fileprivate init(_ buckets: [OpcodeLatency.Bucket]) {
    self.init()
    count = buckets.reduce(0) { $0 + $1.count }
    max = buckets.last?.upperBound ?? 0
    mean = buckets.reduce(0) { $0 + Double($1.upperBound) * Double($1.count) } / Double(count)
    func percentile(_ share: Double) -> UInt64 {
      let rank = UInt64((share * Double(count)).rounded(.up))
      var seen: UInt64 = 0
      for bucket in buckets {
        seen += bucket.count
        if seen >= rank { return bucket.upperBound }
      }
      return max
    }
    (p50, p90, p99, p999) = (
      percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999)
    )
  }
}
