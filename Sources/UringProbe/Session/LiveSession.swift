import CBPF
import CProbe
import CRecord
import Glibc
import Synchronization
import UringBase
import UringSources
import UringTrace

/// Live capture: attached programs, a thread that reads their records, and snapshots.
///
/// Nothing that it attaches outlives the process.
public final class LiveSession: SnapshotSource, LiveControls {
  /// Writes a trace: whole records, oldest first, with the observed host and the end time. Runs on a separate thread.
  public typealias DumpWriter =
    @Sendable (_ records: [UInt8], _ host: HostDescription, _ end: UInt64, _ path: String) throws ->
    Void

  public struct Options: Sendable {
    public var filter = Filter()
    /// Rings that descendants of the filter's processes create pass as well (`-- COMMAND`).
    public var includesDescendants = false
    /// Fails the start if a process or descriptor of the filter does not exist.
    public var verifiesFilter = true
    public var refreshInterval: Duration = .milliseconds(500)
    /// Bytes for records that have not been read. 64 MiB hold about 120 ms of the highest rate.
    public var recordBufferSize = 64 << 20
    /// Bytes of records kept in memory for `dump`; nothing is kept without ``dumpWriter``.
    public var tailSize = 8 << 20
    public var limits = Aggregator.Limits()
    /// Time between two scans of all tasks for rings.
    public var scanInterval: Duration = .seconds(1)
    public var sink: (any RecordSink)?
    public var dumpWriter: DumpWriter?

    public init() {}
  }

  /// The observed host and how it is observed.
  public let host: HostDescription
  /// io_uring tracepoints that this kernel lacks or refused, with the reason; normally empty.
  public let absentTracepoints: [String: String]
  /// Time from the start of loading until the programs were attached.
  public let startDuration: Duration

  private let state: SessionState
  private let capture: SharedCapture
  private let memory: MemoryObject?
  private let thread: WorkerThread
  private let hasStopped = Mutex(false)

  /// Loads, attaches and starts reading. Once it returns, no request is missed.
  public init(_ wanted: Options = Options()) throws(ProbeError) {
    let start = MonotonicClock.now()
    var options = wanted
    ClockSteps.begin()
    cbpf_keep_memory(128 << 10)
    try Privileges.current.require()
    if options.verifiesFilter { try options.filter.verify() }
    options.recordBufferSize = try MemoryLimit.current.recordBufferSize(
      atMost: wanted.recordBufferSize)
    let chunks = try ChunkMapMaker(size: options.recordBufferSize)
    let kernel = try KernelBTF()
    let configuration = try probe_config(
      options.filter, includesDescendants: options.includesDescendants, kernel: kernel)
    // Throwaway ring: its `f_op` identifies ring files. Created before the programs can see it.
    let ownRing = cbpf_io_uring_setup()
    var capture = try CaptureObject(
      configuration: configuration, kernel: kernel, chunks: chunks)
    // If the kernel refuses it, walks over the free lists find the same ends later.
    let flush = SharedFlush(configuration: configuration, kernel: kernel, capture: capture)
    var refusals = capture.refusals + flush.refusals
    let calls = try options.filter.ifCallsAreWatched(or: &refusals, "system calls of io_uring") {
      () throws(ProbeError) in
      try SystemCallObject(configuration: configuration, kernel: kernel, capture: capture)
    }
    memory = try options.filter.ifCallsAreWatched(or: &refusals, "calls that unmap memory") {
      () throws(ProbeError) in
      try MemoryObject(configuration: configuration, kernel: kernel, capture: capture)
    }
    let attached = MonotonicClock.now()

    absentTracepoints = capture.absent
    startDuration = .nanoseconds(Int64(attached - start))
    host = HostDescription(
      kernel: KernelRelease.currentText, tier: flush.isAttached ? "fentry" : "tracepoints",
      startTime: attached, startRealtime: clockTime(CLOCK_REALTIME),
      sampling: options.filter.sampling)
    state = try SessionState(host: host, options: options)
    for refusal in refusals { state.notify(Notice(refusal, isError: true)) }
    if options.recordBufferSize < wanted.recordBufferSize {
      let (size, whole) = (options.recordBufferSize >> 20, wanted.recordBufferSize >> 20)
      state.notify(
        Notice(
          "the record buffer has \(size) MB instead of \(whole), because of the cgroup's memory limit: "
            + "more records can be lost",
          isError: true))
    }
    let reader = try capture.takeReader()
    let shared = SharedCapture(capture)
    self.capture = shared
    let loop = try SessionLoop(
      options: options, host: host, state: state, capture: shared, reader: reader, flush: flush,
      calls: calls, flagBits: kernel.requestFlagBits)
    let surveyor = SurveyorStart(
      loop: loop, configuration: configuration, kernel: kernel, ownRing: ownRing, options: options)
    thread = try WorkerThread("reader", orThrow: ProbeError.thread) {
      let survey = surveyor.start()
      loop.run()
      surveyor.stop(survey)
    }
  }

  deinit { stop() }

  /// Reads the remaining records, makes the last snapshot and hands the sink its last records. Idempotent.
  @discardableResult
  public func stop() -> Snapshot {
    hasStopped.withLock { hasStopped in
      guard !hasStopped else { return }
      hasStopped = true
      ask { $0.isStopping = true }
      thread.join()
    }
    return current()
  }

  /// A value that changes while ``stop()`` makes progress.
  public var progress: UInt64 { state.progress.value }

  /// The sink's error; the sink is not called after it.
  public var sinkError: (any Error)? { state.published.withLock { $0.sinkError } }

  /// True if requests older than the session have been searched for.
  public var hasInventory: Bool { state.mailbox.answers.withLock { $0.inventories > 0 } }

  /// Walks over the kernel's structures so far.
  public var inventoryCount: Int { state.mailbox.answers.withLock { $0.inventories } }

  /// True while the reader sleeps until the programs wake it; for tests.
  var isReaderAsleep: Bool { capture.object.wakePosition.isSet }

  /// Maximum number of distinct user stacks that the kernel keeps with `Filter.takesStacks`.
  static let mostStacks = 1 << 14

  // MARK: SnapshotSource

  public func current() -> Snapshot { state.published.withLock { $0.snapshot } }

  public func takeNotices() -> [Notice] {
    state.published.withLock { published in
      defer { published.notices = [] }
      return published.notices
    }
  }

  public func onChange(_ wake: (@Sendable () -> Void)?) {
    state.published.withLock { $0.wake = wake }
  }

  public func dump(to path: String) { ask { $0.dumps.append(path) } }

  public var controls: SourceControls { .live(self) }

  // MARK: LiveControls

  public func perform(_ command: LiveCommand) {
    ask { commands in
      switch command {
      case .setRefreshInterval(let interval): commands.refreshInterval = interval.wholeNanoseconds
      case .refresh: commands.wantsRefresh = true
      case .inventory: commands.wantsInventory = true
      case .inspect(let request): commands.inspections.append(request)
      }
    }
  }

  private func ask(_ change: (inout SessionState.Commands) -> Void) {
    state.commands.withLock { change(&$0) }
    state.wake.signal()
  }
}

extension Filter {
  /// Attaches programs on system calls; nil if system calls are not watched. By default they are watched if the filter
  /// names processes and the kernel allows it. If they are not, the rules that need them are not evaluated.
  fileprivate func ifCallsAreWatched<Object>(
    or refusals: inout [String], _ feature: String, _ attach: () throws(ProbeError) -> Object
  ) throws(ProbeError) -> Object? {
    guard watchesCalls ?? !pids.isEmpty else { return nil }
    do throws(ProbeError) {
      return try attach()
    } catch {
      if watchesCalls == true { throw error }
      // Expected if a capability is missing: `uringtop capabilities` shows that.
      if error.kind != .notPermitted {
        refusals.append("\(feature) are not observed: \(error.message)")
      }
      return nil
    }
  }
}
