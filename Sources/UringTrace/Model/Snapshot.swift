/// Everything known at one moment. Immutable; views and documents are made from it alone.
///
/// A property for each list and table that they show.
public struct Snapshot: Sendable {
  public var host: HostDescription
  /// Nanoseconds, CLOCK_MONOTONIC: the last record's time or, live, the time of the snapshot.
  public var time: UInt64
  /// Records seen.
  public var recordCount: UInt64
  /// Records that made no sense (too short for their kind, of no known kind) and were skipped.
  public var damagedRecordCount: UInt64
  public var lost: LossCounts
  /// Open rings and those closed recently, by id.
  public var rings: [Ring]
  /// In flight, oldest first.
  public var requests: [Request]
  /// Recently ended, newest first, up to the history limit.
  public var recent: [Request]
  /// Chains with a member in ``requests`` or ``recent``, by id.
  public var chains: [Chain]
  /// Groups that have not ended, oldest first, then those that ended recently, newest first, up to the
  /// history limit.
  public var groups: [RequestGroup] = []
  /// By ring, then kind, then index. A slot whose buffer was withdrawn while borrowed has two rows.
  public var buffers: [Buffer] = []
  /// By ring, then opcode.
  public var latency: [OpcodeLatency]
  /// The last events, oldest first.
  public var events: [Event]
  public var totals = RequestTotals()
  /// Over all rings.
  public var lastSecond: Rates
  public var lastMinute: Rates
  /// Names of `REQ_F_*` by bit, as this kernel has them; empty where unknown.
  public var requestFlagNames: [String]
  /// Names of files where known.
  public var fileNames: FileNames
  /// Names of threads where known, by thread id.
  public var taskNames: [UInt32: String]
  /// Kernel stacks of threads that execute requests, by thread id; as last looked at.
  public var kernelStacks: [UInt32: KernelStack] = [:]
  /// Files of requests that were looked at closely.
  public var fileStates: [Request.ID: FileState] = [:]
  /// Block requests of rings at the driver, as of the last inventory, by device.
  public var diskRequests: [DiskRequest] = []
  /// Queues and tags for which ublk commands wait that were found waiting.
  public var ublkSlots: [Request.ID: UblkSlot] = [:]
  /// Threads, and what they and requests wait for, as of the last look.
  public var waits = WaitFacts()
  /// System calls of io_uring, in the order of their first.
  public var systemCalls: [SystemCalls] = []
  /// Since when they are recorded; nil if they are not.
  public var callsWatchedSince: UInt64?
  /// By process: of those with rings, and of those that were refused one.
  public var processLimits: [UInt32: ProcessLimits] = [:]
  /// io-wq workers of processes that have rings, as of the last look, by process.
  public var workerPools: [WorkerPool] = []
  /// Memory that was taken away from requests, in flight or recent.
  public var memoryChanges: [Request.ID: MemoryChange] = [:]
  /// Where requests were submitted (`--stacks`), frames innermost first.
  public var userStacks: [UserStackKey: [String]] = [:]

  /// Requests in flight that are not in ``requests``: ``Ring/notListed`` of all rings.
  public var notListed: UInt64 { rings.reduce(0) { $0 + $1.notListed } }

  /// A request by its number, in flight or recent.
  package func request(_ id: Request.ID) -> Request? {
    requests.first { $0.id == id } ?? recent.first { $0.id == id }
  }
}

/// The observed host, and how it was observed.
public struct HostDescription: Sendable, Hashable {
  /// `uname -r`.
  public var kernel: String
  /// Capability tier: `tracepoints` or `fentry`.
  public var tier: String
  /// Start of the observation; nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64
  /// The same moment, nanoseconds since 1970; 0 if it is not known.
  public var startRealtime: UInt64
  /// One request in this many has records; the others are only counted.
  public var sampling: UInt32

  public init(
    kernel: String, tier: String, startTime: UInt64, startRealtime: UInt64, sampling: UInt32 = 1
  ) {
    self.sampling = sampling
    self.kernel = kernel
    self.tier = tier
    self.startTime = startTime
    self.startRealtime = startRealtime
  }
}

/// Records lost, by cause.
public struct LossCounts: Hashable, Sendable {
  /// The reader fell behind and the kernel's ring buffer was full.
  public var ringBufferFull: UInt64 = 0
  /// The recording's disk fell behind.
  public var outputStalled: UInt64 = 0
  /// The kernel did not run a program that was already running on the CPU. Some of these would have
  /// written nothing.
  public var notRun: UInt64 = 0

  public init() {}

  public var total: UInt64 { inKernel.addingSaturated(outputStalled) }

  /// Those that uringtop never had.
  package var inKernel: UInt64 { ringBufferFull.addingSaturated(notRun) }
}
