/// Counts of all requests that have the same opcode, process name and cgroup.
///
/// All counts except ``inFlight`` only grow, even when rings are closed.
public struct Role: Sendable {
  public struct Key: Hashable, Sendable {
    /// Name of the rings' process; empty if unknown.
    public var comm: String
    /// Path of the process's cgroup in the v2 hierarchy; empty if unknown.
    public var cgroup: String
    public var opcode: Operation

    package init(comm: String, cgroup: String, opcode: Operation) {
      self.comm = comm
      self.cgroup = cgroup
      self.opcode = opcode
    }
  }

  public enum Operation: Hashable, Sendable {
    case opcode(Opcode)
    /// CQEs that no request posted, and CQEs of unknown requests.
    case none
    /// All roles beyond the limit, counted together.
    case folded
  }

  public var key: Key
  public var counts = Counts()
  /// Errors by positive errno. Once there are ``mostErrnos`` different errnos, errors with any
  /// further errno are counted as errno 0.
  public var errnos: [Ring.ErrnoCount] = []
  public var latency = LatencyBuckets()
  /// Requests in flight now.
  public var inFlight: UInt64 = 0

  package static let mostErrnos = 32

  package init(key: Key) { self.key = key }

  /// Counts of events; ``Ring/Counts`` has the same counts for one ring.
  public struct Counts: Hashable, Sendable {
    public var submitted: UInt64 = 0
    /// Requests that ended with a CQE in the ring.
    public var completed: UInt64 = 0
    /// CQEs posted, those in the overflow list included.
    public var cqes: UInt64 = 0
    public var overflows: UInt64 = 0
    /// Overflowed CQEs that the kernel had no memory for.
    public var dropped: UInt64 = 0
    /// Requests that ended without a CQE, as requested by IOSQE_CQE_SKIP_SUCCESS.
    public var skipped: UInt64 = 0
    /// Requests whose SQE the kernel refused.
    public var preparationFailures: UInt64 = 0
    /// Requests handed to io-wq.
    public var punted: UInt64 = 0
    /// Requests that ended and are in no latency bucket; as in ``Ring/Counts``.
    public var unmeasured: UInt64 = 0
    public var bytesRead: UInt64 = 0
    public var bytesWritten: UInt64 = 0

    package init() {}

    static func &+= (sum: inout Counts, other: Counts) {
      sum.submitted &+= other.submitted
      sum.completed &+= other.completed
      sum.cqes &+= other.cqes
      sum.overflows &+= other.overflows
      sum.dropped &+= other.dropped
      sum.skipped &+= other.skipped
      sum.preparationFailures &+= other.preparationFailures
      sum.punted &+= other.punted
      sum.unmeasured &+= other.unmeasured
      sum.bytesRead &+= other.bytesRead
      sum.bytesWritten &+= other.bytesWritten
    }
  }
}

/// The roles of an observation.
public struct Roles: Sendable {
  /// Roles in order of their first appearance. The last entry can stand for all roles beyond the
  /// limit (``Role/Operation/folded``).
  public var all: [Role] = []
  /// Number of pairs of a ring and an opcode that are counted as ``Role/Operation/folded``.
  public var folded: UInt64 = 0
}

/// A histogram of latencies whose bucket bounds are powers of two. Each bucket also records the
/// last request that was counted in it.
public struct LatencyBuckets: Sendable {
  public struct Bucket: Sendable {
    public var count: UInt64 = 0
    /// The last request counted in this bucket; nil if the bucket counts only unidentified
    /// requests.
    public var last: Example?
  }

  public struct Example: Hashable, Sendable {
    public var request: Request.ID
    public var ring: Ring.ID
    /// Nanoseconds.
    public var latency: UInt64
    /// Time at which the latency was measured; nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64
  }

  /// Number of buckets: 27 have upper bounds from 1 µs to 69 s, and the last has no bound.
  public static let count = 28
  private static let smallestExponent = 10

  public private(set) var buckets = InlineArray<28, Bucket>(repeating: Bucket())
  /// Sum of all latencies, in nanoseconds.
  public private(set) var sum: UInt64 = 0

  package init() {}

  /// The largest latency in a bucket, in nanoseconds; nil for the last.
  public static func upperBound(_ index: Int) -> UInt64? {
    index + 1 < count ? UInt64(1) << UInt64(smallestExponent + index) - 1 : nil
  }

  /// Index of the bucket for a latency.
  static func index(of latency: UInt64) -> Int {
    min(max(64 - latency.leadingZeroBitCount - smallestExponent, 0), count - 1)
  }

  mutating func record(_ example: Example) {
    let index = Self.index(of: example.latency)
    buckets[index].count &+= 1
    buckets[index].last = example
    sum &+= example.latency
  }

  /// Adds `times` unidentified requests to the bucket of `latency`, and their latencies to the sum.
  mutating func record(_ times: UInt64, near latency: UInt64, sum added: UInt64) {
    buckets[Self.index(of: latency)].count &+= times
    sum &+= added
  }

  static func &+= (sum: inout LatencyBuckets, other: LatencyBuckets) {
    for index in 0..<count {
      sum.buckets[index].count &+= other.buckets[index].count
      if let last = other.buckets[index].last { sum.buckets[index].last = last }
    }
    sum.sum &+= other.sum
  }
}
