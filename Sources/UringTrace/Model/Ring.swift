import CRecord

/// One io_uring instance: an `io_ring_ctx`.
///
/// Plain data with a property for each fact that views, documents and findings show.
public struct Ring: Sendable {
  /// Number in order of first appearance, from 1.
  public typealias ID = UInt32

  /// A descriptor that refers to the ring.
  public struct Descriptor: Hashable, Sendable {
    public var tgid: UInt32
    /// Number of the descriptor; -1 if the process has only a registered index of the ring.
    public var fd: Int32

    package init(tgid: UInt32, fd: Int32) {
      self.tgid = tgid
      self.fd = fd
    }
  }

  public var id: ID
  /// `struct io_ring_ctx *`: identifies the ring only as long as it exists.
  public var address: UInt64
  /// The process that created the ring. If that was not seen, the first process found to hold the
  /// ring; 0 if unknown.
  public var ownerTgid: UInt32
  /// Name of the owner process.
  public var comm: String
  public var descriptors: [Descriptor]
  public var sqEntries: UInt32
  public var cqEntries: UInt32
  /// `IORING_SETUP_*`.
  public var setupFlags: SetupFlags
  /// Thread id of the SQ thread; 0 without SQPOLL.
  public var sqThreadTid: UInt32
  public var registeredFiles: UInt32
  public var registeredBuffers: UInt32
  /// First appearance; nanoseconds, CLOCK_MONOTONIC.
  public var firstTime: UInt64
  /// Time at which the ring was found to be closed; 0 while it is open.
  public var closedTime: UInt64
  /// True if the ring is older than uringtop.
  public var isFound: Bool

  public var counts: Counts
  /// Requests in flight now.
  public var inFlight: UInt32
  /// Rates per second over the last second (``lastMinute``: over the last minute).
  public var lastSecond: Rates
  public var lastMinute: Rates
  /// Latency over all opcodes.
  public var latency: LatencySummary
  /// Errors by positive errno, most frequent first.
  public var errnos: [ErrnoCount]
  /// Chains that broke since the ring was first seen, counted by the way in which they broke.
  public var chainBreaks: [ChainBreaks] = []
  /// Number of CQEs that the last `io_uring_cqring_wait` waited for, and its time; both 0 if none
  /// was seen.
  public var lastWaitMinEvents: Int32
  public var lastWaitTime: UInt64
  /// Thread of the last `io_uring_cqring_wait`.
  public var lastWaitTid: UInt32 = 0
  /// The only thread that may submit (SINGLE_ISSUER); 0 if any thread may, or if it is unknown.
  public var submitterTid: UInt32 = 0
  /// Time at which local work (DEFER_TASKRUN) last ran; 0 if it was never seen.
  public var lastLocalWorkTime: UInt64 = 0
  /// The SQE that the kernel took last; nil if the SQ was empty or full at the last inventory (walk
  /// of a BPF iterator over kernel structures), or on rings with SQ_REWIND, SQE_MIXED or CQE_MIXED.
  public var lastTaken: TakenSQE?
  /// Failed `io_uring_register` calls by opcode and result, the latest last. A later successful
  /// call with the same opcode or resource removes them.
  public var failedRegistrations: [FailedRegistration] = []
  /// Time at which a call last changed each of the ring's tables; nanoseconds, CLOCK_MONOTONIC.
  public var tableTimes: [RegisterOpcode.Resource: UInt64] = [:]
  /// Time of the last `IORING_REGISTER_SYNC_CANCEL`; 0 if never seen.
  public var lastSyncCancelTime: UInt64 = 0

  /// Time of the first scan of the ring's queues; nanoseconds, CLOCK_MONOTONIC, 0 if there was
  /// none. The probe scans the queues of all rings about once a second.
  public var firstLook: UInt64 = 0
  /// Time of the last scan of the ring's queues. The ring was open then, and had the pending
  /// entries and waiters that are given here.
  public var lastLook: UInt64 = 0
  /// SQEs that the application queued and the kernel has not taken, at the last scan.
  public var sqPending: UInt32 = 0
  /// CQEs posted but not reaped, at the last scan.
  public var cqPending: UInt32 = 0
  /// Start of the period, as far as it was observed, in which the kernel has taken no SQE although
  /// SQEs are queued; nanoseconds, CLOCK_MONOTONIC; 0 if no SQEs are queued or the kernel takes
  /// them.
  public var sqPendingSince: UInt64 = 0
  /// Start of the period, as far as it was observed, in which no CQE has been reaped although CQEs
  /// are queued; 0 if no CQEs are queued or the application reaps them.
  public var cqPendingSince: UInt64 = 0
  /// CPU time of the SQ thread during the observation, in nanoseconds; 0 if unknown.
  public var sqThreadTime: UInt64 = 0
  /// The scheduler's counters of the SQ thread since the first scan that saw the thread.
  public var sqThreadWork = SQThreadWork()
  /// Scheduling parameters of the SQ thread at the last scan; nil if unknown.
  public var sqThreadSetup: SQThreadSetup?
  /// True if CQEs wait in the kernel's overflow list.
  public var isOverflowed = false
  /// State of the SQ thread at the last scan; nil if there is no SQ thread.
  public var sqThread: SQThread?
  /// The tasks that wait for CQEs in `io_uring_enter`, at the last scan.
  public var waiter: Waiter?
  /// The kernel's count of the ring's requests, compared with the known requests, at the last
  /// inventory.
  public var balance: Balance?
  /// Requests that the kernel counts but keeps on none of its lists. They are older than the
  /// observation and have had no event since.
  public var notListed: UInt64 = 0
  /// True if a group of provided buffers was registered or has provided a buffer. The group may no
  /// longer exist.
  public var hasProvidedBuffers = false
  /// The first SQEs not taken by the kernel, at the last inventory.
  public var unsubmitted: [SQE] = []
  /// The first CQEs not reaped, at the last inventory.
  public var unreaped: [UnreapedCQE] = []
  /// The last few CQEs that the application has taken, latest first, at the last inventory.
  public var reaped: [ReapedCQE] = []
  /// True if a task polls the ring's descriptor, at the last scan.
  public var isPolled = false
  /// The eventfd that the ring signals, at the last scan.
  public var eventfd: RingEventfd = .none
  /// The last few periods in which CQEs were seen waiting in the queue, oldest first.
  public var reapLags: [ReapLag] = []
  /// Registered files at the last inventory; incomplete for a large table.
  public var files: [RegisteredFile] = []

  public var isClosed: Bool { closedTime != 0 }

  /// ``unsubmitted``, if the kernel has taken no SQE since the inventory that found these; else empty.
  package var stillUnsubmitted: [SQE] { isUnchanged(since: sqPendingSince) ? unsubmitted : [] }

  /// ``unreaped``, if no CQE has been reaped since the inventory that found these; else empty.
  package var stillUnreaped: [UnreapedCQE] { isUnchanged(since: cqPendingSince) ? unreaped : [] }

  /// True if a queue has not moved since a time before the last inventory.
  private func isUnchanged(since time: UInt64) -> Bool {
    time != 0 && balance.map { $0.time >= time } ?? false
  }

  /// Resets the facts that only an open ring has: the tasks that use the ring, and the kernel's
  /// count of its requests.
  mutating func endTasks() {
    (waiter, sqThread, balance, notListed, isPolled) = (nil, nil, nil, 0, false)
  }

  /// Numbers of the descriptors, without duplicates.
  package var descriptorNumbers: [Int32] {
    Set(descriptors.map(\.fd).filter { $0 >= 0 }).sorted()
  }

  /// Counts of events since the ring was first seen, with a property for each counter in documents.
  public struct Counts: Hashable, Sendable {
    public var submitted: UInt64 = 0
    /// Requests older than the observation.
    public var found: UInt64 = 0
    /// Requests that ended with a CQE in the ring.
    public var completed: UInt64 = 0
    /// CQEs, auxiliary CQEs included.
    public var cqes: UInt64 = 0
    /// Requests that ended with an error, as defined by ``Opcode/isError(_:)``.
    public var errors: UInt64 = 0
    public var overflows: UInt64 = 0
    /// Requests whose last CQE did not fit into the ring.
    public var overflowed: UInt64 = 0
    /// Overflowed CQEs that the kernel had no memory for: the application never sees them.
    public var dropped: UInt64 = 0
    public var skipped: UInt64 = 0
    public var preparationFailures: UInt64 = 0
    public var shortWrites: UInt64 = 0
    /// Requests handed to io-wq.
    public var punted: UInt64 = 0
    /// Requests handed to io-wq that move data and did not request a worker (IOSQE_ASYNC).
    public var puntedTransfers: UInt64 = 0
    public var pollArmed: UInt64 = 0
    /// Requests whose end no event showed. All requests of a closed ring have ended.
    public var endedUnseen: UInt64 = 0
    /// Completions without a known request.
    public var unmatched: UInt64 = 0
    /// CQEs without a request of this ring: messages of other rings, tags of registered resources.
    public var auxiliary: UInt64 = 0
    /// CQEs that several requests could have posted. They are attributed to the oldest of these.
    public var ambiguous: UInt64 = 0
    /// Bytes moved by reads and receives (``bytesWritten``: by writes and sends).
    public var bytesRead: UInt64 = 0
    public var bytesWritten: UInt64 = 0
    /// Requests that ended and are in no latency histogram, because the record of their end or
    /// submission was lost, or is older than the capture.
    public var unmeasured: UInt64 = 0
    /// Calls that waited for CQEs (`io_uring_cqring_wait`).
    public var waits: UInt64 = 0

    public init() {}
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
  /// Length of the time over which the rates are averages, in nanoseconds: a second, a minute, or
  /// less if the observation has only begun.
  package var span: UInt64 = 1_000_000_000

  /// The rates; nil if the observation has only begun. The requests of a few milliseconds say
  /// nothing about a second.
  public var ifMeasured: Rates? { span >= Self.leastSpan ? self : nil }

  package static let leastSpan: UInt64 = 250_000_000

  public init() {}
}
