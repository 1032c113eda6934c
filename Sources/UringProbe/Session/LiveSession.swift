import CBPF
import CProbe
import CRecord
import Glibc
import Synchronization
import UringBase
import UringSources
import UringTrace

/// A live capture: attached BPF programs, a thread that reads their records, and snapshots.
///
/// The kernel detaches the programs at the latest when uringtop's process ends.
public final class LiveSession: SnapshotSource, LiveControls {
  /// Writes a recording file from whole records, oldest first, the observed host, and the end time
  /// of the recording (CLOCK_MONOTONIC, nanoseconds). Runs on a separate thread.
  public typealias DumpWriter =
    @Sendable (_ records: [UInt8], _ host: HostDescription, _ end: UInt64, _ path: String) throws ->
    Void

  public struct Options: Sendable {
    public var filter = Filter()
    /// True if rings of descendants of the filter's processes pass as well (`-- COMMAND`).
    public var includesDescendants = false
    /// True to fail the start if a process or descriptor named in the filter does not exist.
    public var verifiesFilter = true
    public var refreshInterval: Duration = .milliseconds(500)
    /// Size in bytes of the buffer for records that uringtop has not read. At the highest rate of
    /// one core, 64 MiB fill in about 120 ms.
    public var recordBufferSize = 64 << 20
    /// Bytes of the latest records that are kept in memory for ``dump(to:)``; ignored without a
    /// ``dumpWriter``.
    public var tailSize = 8 << 20
    public var limits = Aggregator.Limits()
    /// Time between two scans for rings (BPF iterators over the descriptors of all tasks).
    public var scanInterval: Duration = .seconds(1)
    /// True to take an inventory of the requests in flight whenever a request may have reached a
    /// state that no record shows, at most every five seconds.
    public var refreshesStates = false
    public var sink: (any RecordSink)?
    public var dumpWriter: DumpWriter?

    public init() {}
  }

  /// The observed host, the tier of capture and the start time.
  public let host: HostDescription
  /// io_uring tracepoints that this kernel lacks or refused, with the reason; normally empty.
  public let absentTracepoints: [String: String]
  /// Time from the start of loading the BPF programs until all were attached.
  public let startDuration: Duration

  private let state: SessionState
  private let capture: SharedCapture
  private let memory: MemoryObject?
  private let thread: WorkerThread
  private let hasStopped = Mutex(false)

  /// Loads and attaches the BPF programs and starts to read their records. Requests submitted after
  /// it returns are observed.
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
    // A throwaway ring: its `f_op` identifies ring files. It is created before the BPF programs are
    // attached, so that they do not record it.
    let ownRing = cbpf_io_uring_setup()
    var capture = try CaptureObject(
      configuration: configuration, kernel: kernel, chunks: chunks)
    // fentry on the flush of completions. Without it, BPF iterators over the rings' lists of free
    // requests detect later that a request has ended.
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

  /// Ends the capture: reads the remaining records, passes them to the sink, and returns the last
  /// snapshot. Idempotent.
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

  /// A counter that increases while ``stop()`` makes progress, so that the caller can detect a
  /// hang.
  public var progress: UInt64 { state.progress.value }

  /// The error thrown by the sink; the session no longer calls the sink after an error.
  public var sinkError: (any Error)? { state.published.withLock { $0.sinkError } }

  /// True if at least one inventory (BPF iterators over the kernel's lists of requests) has
  /// searched for requests older than the session.
  public var hasInventory: Bool { state.mailbox.answers.withLock { $0.inventories > 0 } }

  /// Number of inventories so far.
  public var inventoryCount: Int { state.mailbox.answers.withLock { $0.inventories } }

  /// True while the reader thread sleeps until a BPF program wakes it; for tests.
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
  /// Attaches BPF programs on system calls; returns nil if system calls are not watched.
  ///
  /// By default system calls are watched if the filter names processes and the kernel allows it. If
  /// they are not watched, the finding rules that need system calls are not evaluated.
  fileprivate func ifCallsAreWatched<Object>(
    or refusals: inout [String], _ feature: String, _ attach: () throws(ProbeError) -> Object
  ) throws(ProbeError) -> Object? {
    guard watchesCalls ?? !pids.isEmpty else { return nil }
    do throws(ProbeError) {
      return try attach()
    } catch {
      if watchesCalls == true { throw error }
      // No notice if a capability is missing: `uringtop capabilities` shows it.
      if error.kind != .notPermitted {
        refusals.append("\(feature) are not observed: \(error.message)")
      }
      return nil
    }
  }
}
