import CRecord

/// One io_uring instance: an `io_ring_ctx`.
///
/// Plain data with a property for each fact that views, documents and findings show.
public struct Ring: Sendable {
  /// Number in order of first sight, from 1.
  public typealias ID = UInt32

  /// A descriptor that refers to the ring.
  public struct Descriptor: Hashable, Sendable {
    public var tgid: UInt32
    /// -1: the process has only registered the ring.
    public var fd: Int32

    package init(tgid: UInt32, fd: Int32) {
      self.tgid = tgid
      self.fd = fd
    }
  }

  public var id: ID
  /// `struct io_ring_ctx *`: identifies the ring only while it lives.
  public var address: UInt64
  /// The process that created the ring where known, else the first found to hold it; 0 if unknown.
  public var ownerTgid: UInt32
  /// Name of the owner.
  public var comm: String
  public var descriptors: [Descriptor]
  public var sqEntries: UInt32
  public var cqEntries: UInt32
  /// `IORING_SETUP_*`.
  public var setupFlags: SetupFlags
  /// 0 without SQPOLL.
  public var sqThreadTid: UInt32
  public var registeredFiles: UInt32
  public var registeredBuffers: UInt32
  /// First sight; nanoseconds, CLOCK_MONOTONIC.
  public var firstTime: UInt64
  /// When it was seen to be gone, 0 while open.
  public var closedTime: UInt64
  /// Was there before uringtop.
  public var isFound: Bool

  public var counts: Counts
  /// Requests in flight now.
  public var inFlight: UInt32
  /// Submissions, completions and bytes in each second.
  public var lastSecond: Rates
  public var lastMinute: Rates
  /// Over all opcodes.
  public var latency: LatencySummary
  /// Errors by positive errno, most frequent first.
  public var errnos: [ErrnoCount]
  /// Last `io_uring_cqring_wait`: CQEs asked for and when; 0 if never seen.
  public var lastWaitMinEvents: Int32
  public var lastWaitTime: UInt64
  /// Its thread.
  public var lastWaitTid: UInt32 = 0
  /// The only thread that may submit (SINGLE_ISSUER); 0 if any may, or if it is not known.
  public var submitterTid: UInt32 = 0
  /// When its local work (DEFER_TASKRUN) ran last; 0 if never seen.
  public var lastLocalWorkTime: UInt64 = 0
  /// The SQE that the kernel took last, if others were left at the last inventory.
  public var lastTaken: TakenSQE?
  /// By opcode and result, the last failure last; none after a call that succeeded.
  public var failedRegistrations: [FailedRegistration] = []
  /// When calls changed its tables last; nanoseconds, CLOCK_MONOTONIC.
  public var tableTimes: [RegisterOpcode.Resource: UInt64] = [:]
  /// Last `IORING_REGISTER_SYNC_CANCEL`; 0 if never seen.
  public var lastSyncCancelTime: UInt64 = 0

  /// When its queues were looked at first; nanoseconds, CLOCK_MONOTONIC; 0 before.
  public var firstLook: UInt64 = 0
  /// When they were looked at last: the ring was open, and what is pending and who waits was so, until then.
  public var lastLook: UInt64 = 0
  /// SQEs queued by the application and not taken by the kernel, at the last look.
  public var sqPending: UInt32 = 0
  /// CQEs posted and not reaped, at the last look.
  public var cqPending: UInt32 = 0
  /// Since when, at least, the kernel has taken no SQE though there are some; nanoseconds,
  /// CLOCK_MONOTONIC; 0 if there are none or they move.
  public var sqPendingSince: UInt64 = 0
  /// Since when, at least, nobody has reaped a CQE though there are some; 0 if there are none or they
  /// move.
  public var cqPendingSince: UInt64 = 0
  /// CPU time of the SQ thread while it was observed, nanoseconds; 0 where unknown.
  public var sqThreadTime: UInt64 = 0
  /// The scheduler's counters of the SQ thread since the first look at it.
  public var sqThreadWork = SQThreadWork()
  /// How the SQ thread is scheduled, at the last look; nil where unknown.
  public var sqThreadSetup: SQThreadSetup?
  /// CQEs wait in the kernel's overflow list.
  public var isOverflowed = false
  /// The state of the SQ thread at the last look; nil without one.
  public var sqThread: SQThread?
  /// Who waits for CQEs in `io_uring_enter`, at the last look.
  public var waiter: Waiter?
  /// The ring's own counters at the last inventory.
  public var balance: Balance?
  /// Requests that the ring's own counter knows, and that are on no list: they are older than the observation and
  /// have shown no sign since.
  public var notListed: UInt64 = 0
  /// The first SQEs that the kernel has not taken, at the last inventory.
  public var unsubmitted: [SQE] = []
  /// The first CQEs that were not reaped, at the last inventory.
  public var unreaped: [UnreapedCQE] = []
  /// The latest CQEs that the application has taken, the last one first, at the last inventory: a few.
  public var reaped: [ReapedCQE] = []
  /// Somebody polls its descriptor, at the last look.
  public var isPolled = false
  /// The eventfd that it signals, at the last look.
  public var eventfd: RingEventfd = .none
  /// Times at which CQEs were seen to lie in the queue, oldest first: the last few.
  public var reapLags: [ReapLag] = []
  /// Registered files, at the last inventory: of a large table not all.
  public var files: [RegisteredFile] = []

  public var isClosed: Bool { closedTime != 0 }

  /// The descriptors' numbers, each once.
  package var descriptorNumbers: [Int32] {
    Set(descriptors.map(\.fd).filter { $0 >= 0 }).sorted()
  }

  /// Counts of events since the ring was first seen: a property for each counter in documents.
  public struct Counts: Hashable, Sendable {
    public var submitted: UInt64 = 0
    /// Requests that are older than the observation.
    public var found: UInt64 = 0
    /// Requests that ended with a CQE in the ring.
    public var completed: UInt64 = 0
    /// CQEs, auxiliary ones included.
    public var cqes: UInt64 = 0
    /// Requests that ended with an error: ``Opcode/isError(_:)``.
    public var errors: UInt64 = 0
    public var overflows: UInt64 = 0
    /// Requests whose last CQE did not fit into the ring.
    public var overflowed: UInt64 = 0
    /// Overflowed CQEs for which the kernel had no memory: the application never sees them.
    public var dropped: UInt64 = 0
    public var skipped: UInt64 = 0
    public var preparationFailures: UInt64 = 0
    public var shortWrites: UInt64 = 0
    /// Handed to io-wq.
    public var punted: UInt64 = 0
    /// Of these, transfers that did not ask for a worker (IOSQE_ASYNC).
    public var puntedTransfers: UInt64 = 0
    public var pollArmed: UInt64 = 0
    /// Requests whose end no event told. All requests of a closed ring have ended.
    public var endedUnseen: UInt64 = 0
    /// Completions that belong to no known request.
    public var unmatched: UInt64 = 0
    /// CQEs without a request of this ring: messages of other rings, tags of registered resources.
    public var auxiliary: UInt64 = 0
    /// CQEs that several requests could have posted; given to the oldest.
    public var ambiguous: UInt64 = 0
    /// Bytes moved by reads, receives and such, by writes, sends and such.
    public var bytesRead: UInt64 = 0
    public var bytesWritten: UInt64 = 0
    /// Requests that ended and whose latency is in no histogram: the records of their ends or their
    /// submissions were lost, or are older than the capture.
    public var unmeasured: UInt64 = 0
    /// Calls that waited for CQEs (`io_uring_cqring_wait`).
    public var waits: UInt64 = 0

    public init() {}

    var begun: UInt64 { submitted &+ found }
    var ended: UInt64 { completed &+ overflowed &+ skipped &+ endedUnseen }
  }

  public struct ErrnoCount: Hashable, Sendable {
    public var errno: Int32
    public var count: UInt64

    package init(errno: Int32, count: UInt64) {
      self.errno = errno
      self.count = count
    }
  }
}

/// Events per second over a window.
public struct Rates: Hashable, Sendable {
  public var submitted: Double = 0
  public var completed: Double = 0
  public var errors: Double = 0
  public var bytesRead: Double = 0
  public var bytesWritten: Double = 0

  public init() {}
}
