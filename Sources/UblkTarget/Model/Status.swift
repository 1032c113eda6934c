/// A copy of a target's state, for the screen and for JSON output.
public struct Status: Sendable, Hashable {
  public enum Target: String, Sendable, Hashable, CaseIterable {
    case ublk
    /// Registered buffers and zero-copy sends, the fallback without a ublk driver.
    case buffers
  }

  public var target: Target
  /// The name of the transfer, for example `zero-copy`. For the fallback, `registered+send-zc`.
  public var mode: String
  /// The path of the block device, for example `/dev/ublkb0`; nil for the fallback.
  public var device: String?
  /// The storage behind the device: `memory`, `null` or the path of a file.
  public var backing: String
  /// True if the backing file is used without the page cache.
  public var isDirect = false
  /// Size of the device in bytes.
  public var size: UInt64
  public var blockSize: Int
  /// Times of this status and of the target's start. Nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  public var startTime: UInt64
  public var queues: [QueueStatus]
  public var load: LoadStatus?
  /// Why the target has stopped serving, in one line; nil while it serves.
  public var failure: String?

  /// Sums over all queues.
  public var totals: Totals {
    queues.reduce(into: Totals()) { $0.add($1.totals) }
  }

  /// Number of errors of the target and of the load that no injected fault explains.
  public var errors: UInt64 {
    totals.errors + (load?.mismatches ?? 0) + (failure == nil ? 0 : 1)
      + (load?.failure == nil ? 0 : 1)
  }
}

/// The status of one queue and its tags.
public struct QueueStatus: Sendable, Hashable {
  public var queue: Int
  /// Thread ID of the thread that serves the queue; 0 before it runs.
  public var thread: Int32 = 0
  public var tags: [TagPhase]
  public var totals = Totals()
}

/// The phase of a tag, in the order in which an I/O passes through the phases.
public enum TagPhase: UInt8, Sendable, Hashable, CaseIterable {
  /// The tag is not in the driver's hands: before the start or after the stop.
  case idle
  /// The tag waits in the driver for an I/O.
  case fetched
  /// The server has an I/O, and its buffer is ready or is being registered.
  case provided
  /// Members (the requests that transfer the I/O's data) are in flight.
  case running
  /// The buffer is being unregistered, or the result is being committed.
  case committing
  /// All members have completed, but a fault keeps the I/O from being committed (``Fault/noAck``).
  case held

  /// The name in JSON output.
  public var name: String { Self.names[Int(rawValue)] }

  private static let names = ["idle", "fetched", "provided", "running", "committing", "held"]
}

/// Counts since the start of the target.
public struct Totals: Sendable, Hashable {
  /// Committed I/Os.
  public var ios: UInt64 = 0
  public var readBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// Committed I/Os by operation.
  public var operations: [Operation: UInt64] = [:]
  /// Submitted members.
  public var members: UInt64 = 0
  /// I/Os with a lent buffer. Each is a buffer group in uringtop.
  public var groups: UInt64 = 0
  /// I/Os that were committed with an error that no injected fault explains.
  public var errors: UInt64 = 0
  /// Members that transferred less than requested, so that another member transferred the rest.
  public var remainders: UInt64 = 0
  /// Automatic registrations that failed, so that the server registered the buffer itself.
  public var fallbacks: UInt64 = 0
  public var faults: [Fault: UInt64] = [:]
  /// I/Os that are no longer in the log.
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
  /// Number of durable writes: those whose data were on stable storage when they completed.
  public var flushes: UInt64 = 0
  public var bytes: UInt64 = 0
  public var inFlight = 0
  /// Blocks that were read with the contents that the load had written.
  public var verified: UInt64 = 0
  /// Blocks that were read with other contents. This is always a defect.
  public var mismatches: UInt64 = 0
  /// A description of the first mismatch.
  public var firstMismatch: String?
  /// Failed I/Os by positive errno.
  public var failures: [Int32: UInt64] = [:]
  /// Why the load cannot continue.
  public var failure: String?
  /// True if the load has ended, because its count is reached, it was stopped, or it cannot
  /// continue.
  public var isDone = false

  public init() {}

  public var ios: UInt64 { reads + writes }

  /// Counts a block that was read and compared. `fault` describes a mismatch; nil if there is none.
  mutating func note(_ fault: String?) {
    if let fault {
      mismatches += 1
      if firstMismatch == nil { firstMismatch = fault }
    } else {
      verified += 1
    }
  }
}
