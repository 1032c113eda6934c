/// A latency distribution in nanoseconds, from an HDR histogram with two significant digits (within 1 %).
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
  /// Behind a drain or another request of the chain.
  case held
  /// Issued: running inline, or with the driver.
  case issued
  /// Poll-armed.
  case poll
  /// With io-wq, queued or executing.
  case worker
  /// Waiting for its task to run.
  case taskWork
}

/// Latency from submission to completion, for one opcode on one ring.
public struct OpcodeLatency: Sendable {
  public var ring: Ring.ID
  public var opcode: Opcode
  public var summary: LatencySummary
  /// Nanoseconds spent in each stage by all completed requests; indexed by ``Stage/rawValue``.
  public var stageTotals: InlineArray<5, UInt64>
  /// Buckets to draw: upper bound (ns, inclusive) and count of consecutive buckets, about eight per doubling;
  /// empty buckets are omitted.
  public var buckets: [Bucket]
  /// The last 60 seconds in which requests completed, oldest first. Percentiles are bounds of buckets, at most an eighth
  /// too high.
  public var seconds: [LatencySecond] = []
  /// The histogram itself; nil in a snapshot with very many latencies.
  package var counts: LatencyCounts?

  public struct Bucket: Hashable, Sendable {
    public var upperBound: UInt64
    public var count: UInt64
  }
}

/// Latencies of the requests that completed in one second.
public struct LatencySecond: Hashable, Sendable {
  /// Nanoseconds, CLOCK_MONOTONIC.
  public var start: UInt64
  public var count: UInt64
  /// Nanoseconds.
  public var p50: UInt64
  public var p99: UInt64
  public var max: UInt64
}
