/// The state of a target, as a value to draw.
public struct Status: Sendable, Hashable {
  public enum Target: String, Sendable, Hashable, CaseIterable {
    case ublk
    /// Registered buffers and zero-copy sends, the fallback without a ublk driver.
    case buffers
  }

  public var target: Target
  /// The transfer, for example `zero-copy`; for the fallback `registered+send-zc`.
  public var mode: String
  /// For example `/dev/ublkb0`; nil for the fallback.
  public var device: String?
  /// `memory`, `null` or the file's path.
  public var backing: String
  /// True if the backing is used without the page cache.
  public var isDirect = false
  /// Bytes.
  public var size: UInt64
  public var blockSize: Int
  /// Times of this status and of the start, CLOCK_MONOTONIC nanoseconds.
  public var time: UInt64
  public var startTime: UInt64
  public var queues: [QueueStatus]
  public var load: LoadStatus?
  /// Why it has stopped serving, in one line.
  public var failure: String?

  /// Sums over all queues.
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
  /// The thread that serves the queue; 0 before it runs.
  public var thread: Int32 = 0
  public var tags: [TagPhase]
  public var totals = Totals()
}

/// The state of a tag, in the order of an I/O's life.
public enum TagPhase: UInt8, Sendable, Hashable, CaseIterable {
  /// Not with the driver: before the start, or after the stop.
  case idle
  /// Waits in the driver for an I/O.
  case fetched
  /// The server has an I/O, and its buffer is ready or is being registered.
  case provided
  /// Members are in flight.
  case running
  /// The buffer is being unregistered or the result committed.
  case committing
  /// Completed but held back by a fault (``Fault/noAck``).
  case held

  /// Name in JSON.
  public var name: String { Self.names[Int(rawValue)] }

  private static let names = ["idle", "fetched", "provided", "running", "committing", "held"]
}

/// Counts since the start.
public struct Totals: Sendable, Hashable {
  /// I/Os committed.
  public var ios: UInt64 = 0
  public var readBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// I/Os committed, by ``Operation/rawValue``; unknown operations are last.
  public var operations: [Operation: UInt64] = [:]
  /// Members submitted and completed.
  public var members: UInt64 = 0
  /// I/Os with a lent buffer: groups.
  public var groups: UInt64 = 0
  /// I/Os committed with an error that no injected fault explains.
  public var errors: UInt64 = 0
  /// Members that transferred less than requested and were followed by another one.
  public var remainders: UInt64 = 0
  /// Automatic registrations that failed and were replaced by explicit ones.
  public var fallbacks: UInt64 = 0
  public var faults: [Fault: UInt64] = [:]
  /// I/Os that the log has dropped.
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

/// Counts of the load.
public struct LoadStatus: Sendable, Hashable {
  public var reads: UInt64 = 0
  public var writes: UInt64 = 0
  /// Writes, out of all, that were on stable storage when they completed.
  public var flushes: UInt64 = 0
  public var bytes: UInt64 = 0
  public var inFlight = 0
  /// Blocks that were read as written.
  public var verified: UInt64 = 0
  /// Blocks that were read with other contents: always a defect.
  public var mismatches: UInt64 = 0
  /// Description of the first such block.
  public var firstMismatch: String?
  /// I/Os that failed, by positive errno.
  public var failures: [Int32: UInt64] = [:]
  /// Why the load cannot continue.
  public var failure: String?
  /// True if the load has ended: its count is reached, or it cannot continue.
  public var isDone = false

  public init() {}

  public var ios: UInt64 { reads + writes }

  /// Counts a block that was read.
  mutating func note(_ fault: String?) {
    if let fault {
      mismatches += 1
      if firstMismatch == nil { firstMismatch = fault }
    } else {
      verified += 1
    }
  }
}
