/// A latency distribution in nanoseconds, from an HDR histogram with two significant digits (within
/// 1 %).
public struct LatencySummary: Hashable, Sendable {
  public var count: UInt64 = 0
  public var p50: UInt64 = 0
  public var p90: UInt64 = 0
  public var p99: UInt64 = 0
  public var p999: UInt64 = 0
  public var max: UInt64 = 0
  public var mean: Double = 0

  public init() {}
}

/// Stages between submission and completion.
public enum Stage: UInt8, Sendable, CaseIterable {
  /// Held back by a drain, or behind another request of the chain.
  case held
  /// Issued: running inline, on a disk, with a driver, or waiting without an event (POLL_ADD,
  /// TIMEOUT…).
  case issued
  /// Poll armed: waiting for the file to become ready.
  case poll
  /// With io-wq, queued or executing.
  case worker
  /// Queued as task work: waiting for the request's task to run it.
  case taskWork
}

extension Stage {
  /// Name shown to users.
  package var title: String {
    switch self {
    case .held: "held back"
    case .issued: "issued"
    case .poll: "poll"
    case .worker: "io-wq"
    case .taskWork: "task work"
    }
  }
}

extension OpcodeLatency {
  /// Share of each stage in the total time, as text, the largest first: `io-wq 61 %`.
  package var stageShares: [String] {
    let totals = Stage.allCases.map { ($0, stageTotals[Int($0.rawValue)]) }
    let all = totals.reduce(0.0) { $0 + Double($1.1) }
    guard all > 0 else { return [] }
    return totals.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.map { stage, total in
      let percent = (Double(total) * 100 / all).rounded()
      return "\(stage.title) \(percent < 1 ? "<1" : "\(Int(percent))") %"
    }
  }
}

/// Latency from submission to completion, for one opcode on one ring.
public struct OpcodeLatency: Sendable {
  public var ring: Ring.ID
  public var opcode: Opcode
  public var summary: LatencySummary
  /// Nanoseconds spent in each stage by all completed requests; indexed by ``Stage/rawValue``.
  public var stageTotals: InlineArray<5, UInt64>
  /// Buckets for drawing, in ascending order: upper bound (nanoseconds, inclusive) and count. There
  /// are about eight buckets per doubling; empty buckets are omitted.
  public var buckets: [Bucket]
  /// The last 60 seconds in which requests completed, oldest first. The last second may not be over
  /// yet. Percentiles are upper bounds of buckets, so they are at most an eighth too high.
  public var seconds: [LatencySecond] = []
  /// A copy of the histogram; nil in a snapshot with very many latencies.
  package var counts: LatencyCounts?

  public struct Bucket: Hashable, Sendable {
    public var upperBound: UInt64
    public var count: UInt64

    /// The largest value of the bucket below this one.
    package var boundBelow: UInt64 { LatencyHistogram.coarseBoundBelow(upperBound) }
  }
}

/// Latencies of the requests that completed in one second; incomplete while that second is not
/// over.
public struct LatencySecond: Hashable, Sendable {
  /// Nanoseconds, CLOCK_MONOTONIC.
  public var start: UInt64
  public var count: UInt64
  /// Nanoseconds.
  public var p50: UInt64
  public var p99: UInt64
  public var max: UInt64
}
