/// The observed state at one moment. Immutable; views and documents are made from it alone.
///
/// Has a property for each list and table that views and documents show.
public struct Snapshot: Sendable {
  public var host: HostDescription
  /// Nanoseconds, CLOCK_MONOTONIC: the last record's time or, live, the time of the snapshot.
  public var time: UInt64
  /// Records consumed.
  public var recordCount: UInt64
  /// Invalid records (too short for their kind, or of an unknown kind), which were skipped.
  public var damagedRecordCount: UInt64
  public var lost: LossCounts
  /// Time at which the last loss of records became known: no record was lost later. Nanoseconds,
  /// CLOCK_MONOTONIC; 0 if nothing was lost, or if the time is unknown.
  public var lossTime: UInt64 = 0
  /// Open rings and those closed recently, by id.
  public var rings: [Ring]
  /// Requests in flight, oldest first.
  public var requests: RequestList
  /// Recently ended requests, newest first, up to the history limit.
  public var recent: RequestList
  /// Chains with a member in ``requests`` or ``recent``, by id.
  public var chains: [Chain]
  /// Groups that have not ended, oldest first, then those that ended recently, newest first, up to
  /// the history limit.
  public var groups: [RequestGroup] = []
  /// Buffers by ring, then kind, then index. A slot whose buffer was withdrawn while borrowed has
  /// two entries.
  public var buffers: [Buffer] = []
  /// Latencies by ring, then opcode.
  public var latency: [OpcodeLatency]
  /// The last events, oldest first.
  public var events: [Event]
  public var totals = RequestTotals()
  /// Counts by role; nil unless ``Aggregator/Limits/roles`` enables them.
  public var roles: Roles?
  /// Rates over all rings.
  public var lastSecond: Rates
  public var lastMinute: Rates
  /// Names of `REQ_F_*` by bit on this kernel; empty if unknown.
  public var requestFlagNames: [String]
  /// Names of files where known.
  public var fileNames: FileNames
  /// Names of threads where known, by thread id.
  public var taskNames: [UInt32: String]
  /// Paths of processes' cgroups in the v2 hierarchy where known, by process.
  public var processCgroups: [UInt32: String] = [:]
  /// Kernel stacks of threads that execute requests, by thread id, as last read.
  public var kernelStacks: [UInt32: KernelStack] = [:]
  /// States of requests' files, by request, for requests that were inspected in detail.
  public var fileStates: [Request.ID: FileState] = [:]
  /// Block requests in progress at the drivers, by device, at the last inventory (walk of a BPF
  /// iterator over kernel structures).
  public var diskRequests: [DiskRequest] = []
  /// Queues and tags for which ublk commands wait, by request. Only commands that an inventory
  /// found waiting are included.
  public var ublkSlots: [Request.ID: UblkSlot] = [:]
  /// Threads, and the files and futexes for which threads and requests wait, as last read by the
  /// probe.
  public var waits = WaitFacts()
  /// System calls of io_uring, in the order of their first occurrence.
  public var systemCalls: [SystemCalls] = []
  /// Start of the recording of system calls; nil if they are not recorded.
  public var callsWatchedSince: UInt64?
  /// Resource limits by process, for processes with rings and for processes that were refused a
  /// ring.
  public var processLimits: [UInt32: ProcessLimits] = [:]
  /// The io-wq workers of each process that has rings, at the last scan for rings.
  public var workerPools: [WorkerPool] = []
  /// Removals of memory that requests in flight or recently ended requests used, by request.
  public var memoryChanges: [Request.ID: MemoryChange] = [:]
  /// User stacks at submissions (`--stacks`), frames innermost first.
  public var userStacks: [UserStackKey: [String]] = [:]

  /// Number of requests in flight that are not in ``requests``: the sum of ``Ring/notListed`` over
  /// all rings.
  public var notListed: UInt64 { rings.reduce(0) { $0 + $1.notListed } }

  /// True if every record of a ring has arrived: nothing was lost since the ring was created.
  package func hasWholeHistory(of ring: Ring) -> Bool {
    lost.total == 0 || lossTime != 0 && !ring.isFound && ring.firstTime > lossTime
  }

  /// True if all requests in flight on a ring are known. This is certain if no record was lost
  /// since the ring was created, or since the kernel's count of the requests was equal to the
  /// number of those known.
  package func knowsInFlight(on ring: Ring) -> Bool {
    if hasWholeHistory(of: ring) { return true }
    guard lossTime != 0, let balance = ring.balance, balance.time > lossTime,
      balance.method == .allocated || balance.method == .references
    else { return false }
    return balance.accounted == balance.outstanding
  }

  /// The request with this id, in flight or recent.
  package func request(_ id: Request.ID) -> Request? {
    requests[id: id] ?? recent[id: id]
  }
}

extension Snapshot {
  /// A snapshot of a host on which nothing has been observed.
  package init(host: HostDescription, time: UInt64) {
    self.init(
      host: host, time: time, recordCount: 0, damagedRecordCount: 0, lost: LossCounts(), rings: [],
      requests: [], recent: [], chains: [], latency: [], events: [], lastSecond: Rates(),
      lastMinute: Rates(), requestFlagNames: [], fileNames: FileNames(), taskNames: [:])
  }
}

/// The observed host, and the method of observation.
public struct HostDescription: Sendable, Hashable {
  /// `uname -r`.
  public var kernel: String
  /// Capability tier: `tracepoints` or `fentry`.
  public var tier: String
  /// Start of the observation; nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64
  /// Start of the observation in nanoseconds since 1970; 0 if unknown.
  public var startRealtime: UInt64
  /// One in this many requests is recorded; the others are only counted.
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

/// Numbers of lost records, by cause.
public struct LossCounts: Hashable, Sendable {
  /// Records lost because the reader fell behind and the kernel's ring buffer was full.
  public var ringBufferFull: UInt64 = 0
  /// Records lost because the recording's disk fell behind.
  public var outputStalled: UInt64 = 0
  /// Runs of a BPF program that the kernel skipped because the program was already running on the
  /// CPU. Some of these runs would have written no record.
  public var notRun: UInt64 = 0
  /// Events (not records) for which the kernel had no free counter. Any count can be too low by up
  /// to this number.
  public var uncounted: UInt64 = 0
  /// Records lost because blocks of the recording cannot be read.
  public var damaged: UInt64 = 0

  public init() {}

  /// Total number of lost records.
  public var total: UInt64 {
    inKernel.addingSaturated(outputStalled).addingSaturated(damaged)
  }

  /// Number of lost records that never reached uringtop.
  package var inKernel: UInt64 { ringBufferFull.addingSaturated(notRun) }
}
