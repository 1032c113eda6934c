/// What a target is doing now: a value to draw.
public struct Status: Sendable, Hashable {
  public enum Target: String, Sendable, Hashable, CaseIterable {
    case ublk
    /// Registered buffers and zero-copy sends: what there is without a ublk driver.
    case buffers
  }

  public var target: Target
  /// The transfer, as `zero-copy`; `registered+send-zc` of the fallback.
  public var mode: String
  /// As `/dev/ublkb0`; nil for the fallback.
  public var device: String?
  /// As `memory`, `null` or the file's path.
  public var backing: String
  /// The backing is used without the page cache.
  public var isDirect = false
  /// Bytes.
  public var size: UInt64
  public var blockSize: Int
  /// CLOCK_MONOTONIC nanoseconds of this status and of the start.
  public var time: UInt64
  public var startTime: UInt64
  public var queues: [QueueStatus]
  public var load: LoadStatus?
  /// Why it does not serve any more, in one line.
  public var failure: String?

  /// Over all queues.
  public var totals: Totals {
    queues.reduce(into: Totals()) { $0.add($1.totals) }
  }

  /// Errors of the target and of the load that no injected fault explains.
  public var errors: UInt64 {
    totals.errors + (load?.mismatches ?? 0) + (failure == nil ? 0 : 1)
      + (load?.failure == nil ? 0 : 1)
  }
}

/// One queue and its tags.
public struct QueueStatus: Sendable, Hashable {
  public var queue: Int
  /// The thread that serves it; 0 before it runs.
  public var thread: Int32 = 0
  public var tags: [TagPhase]
  public var totals = Totals()
}

/// Where a tag is, in the order of an I/O's life.
public enum TagPhase: UInt8, Sendable, Hashable, CaseIterable {
  /// Not with the driver: before the start, or after the stop.
  case idle
  /// Waits in the driver for an I/O.
  case fetched
  /// An I/O is here, and its buffer is or is being provided.
  case provided
  /// Members run.
  case running
  /// The buffer goes back and the result to the driver.
  case committing
  /// Done and not given back, on purpose (``Fault/noAck``).
  case held

  /// As in JSON.
  public var name: String { Self.names[Int(rawValue)] }

  private static let names = ["idle", "fetched", "provided", "running", "committing", "held"]
}

/// Counts since the start.
public struct Totals: Sendable, Hashable {
  /// I/Os committed.
  public var ios: UInt64 = 0
  public var readBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// I/Os committed, by ``Operation/rawValue`` (unknown: last).
  public var operations: [Operation: UInt64] = [:]
  /// Members submitted and completed.
  public var members: UInt64 = 0
  /// I/Os with a lent buffer: groups.
  public var groups: UInt64 = 0
  /// I/Os committed with an error that no injected fault explains.
  public var errors: UInt64 = 0
  /// Members that moved less than asked for and had to be followed by another.
  public var remainders: UInt64 = 0
  /// Automatic registrations that failed and were done by hand.
  public var fallbacks: UInt64 = 0
  public var faults: [Fault: UInt64] = [:]
  /// I/Os not in the log any more.
  public var dropped: UInt64 = 0

  public init() {}

  public var bytes: UInt64 { readBytes + writtenBytes }

  mutating func add(_ other: Totals) {
    ios += other.ios
    readBytes += other.readBytes
    writtenBytes += other.writtenBytes
    operations.merge(other.operations, uniquingKeysWith: +)
    members += other.members
    groups += other.groups
    errors += other.errors
    remainders += other.remainders
    fallbacks += other.fallbacks
    faults.merge(other.faults, uniquingKeysWith: +)
    dropped += other.dropped
  }
}

/// What the load has seen at the block device.
public struct LoadStatus: Sendable, Hashable {
  public var reads: UInt64 = 0
  public var writes: UInt64 = 0
  /// Writes, among the others, that were on stable storage when they completed.
  public var flushes: UInt64 = 0
  public var bytes: UInt64 = 0
  public var inFlight = 0
  /// Blocks read and found to be what was written.
  public var verified: UInt64 = 0
  /// Blocks read and found to be something else: never right.
  public var mismatches: UInt64 = 0
  /// The first of them.
  public var firstMismatch: String?
  /// I/Os that failed, by positive errno.
  public var failures: [Int32: UInt64] = [:]
  /// Why it cannot go on.
  public var failure: String?
  /// It ended: its count is reached, or it cannot go on.
  public var isDone = false

  public init() {}

  public var ios: UInt64 { reads + writes }

  /// Counts a block that was read, with what is wrong with it if something is.
  mutating func note(_ fault: String?) {
    if let fault {
      mismatches += 1
      if firstMismatch == nil { firstMismatch = fault }
    } else {
      verified += 1
    }
  }
}
