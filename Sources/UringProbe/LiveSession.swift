import CBPF
import CProbe
import CRecord
import Glibc
import Synchronization
import UringTrace

/// Live capture: programs attached, a thread that reads what they write, snapshots of it.
///
/// Nothing that it attaches outlives the process.
public final class LiveSession: SnapshotSource {
  /// Writes a trace: whole records, oldest first, and what was observed. Runs on a thread of its own.
  public typealias DumpWriter =
    @Sendable (_ records: [UInt8], _ host: HostDescription, _ path: String) throws -> Void

  public struct Options: Sendable {
    public var filter = Filter()
    /// Rings that descendants of the filter's processes create pass as well (`-- COMMAND`).
    public var includesDescendants = false
    /// Fails the start if a process or descriptor of the filter is not there.
    public var verifiesFilter = true
    public var refreshInterval: Duration = .milliseconds(500)
    /// Bytes, a power of two. 64 MiB are about 120 ms of the highest rate there is.
    public var ringBufferSize = 64 << 20
    /// Bytes of records kept in memory for `dump`; nothing is kept without ``dumpWriter``.
    public var tailSize = 8 << 20
    public var limits = Aggregator.Limits()
    /// Between two looks at all tasks for rings.
    public var scanInterval: Duration = .seconds(1)
    public var sink: (any RecordSink)?
    public var dumpWriter: DumpWriter?

    public init() {}
  }

  /// What is observed, and with which means.
  public let host: HostDescription
  /// io_uring tracepoints that this kernel lacks or refused, with why; empty normally.
  public let absentTracepoints: [String: String]
  /// Time from the beginning of the load until the programs were attached.
  public let startDuration: Duration

  private let state: SessionState
  private let thread: WorkerThread
  private let hasStopped = Mutex(false)

  /// Loads, attaches and starts reading. When it returns, no request goes unseen any more.
  public init(_ options: Options = Options()) throws(ProbeError) {
    let start = MonotonicClock.now()
    cbpf_keep_little_memory()
    try Privileges.current.require()
    if options.verifiesFilter { try options.filter.verify() }
    let kernel = try KernelBTF(functions: SharedFlush.functions, structs: [])
    let configuration = try probe_config(
      options.filter, includesDescendants: options.includesDescendants, kernel: kernel)

    // Of this ring the iterators learn what a ring is. It is made before the programs could see it.
    let ownRing = cbpf_io_uring_setup()
    var capture = try CaptureObject(
      configuration: configuration, kernel: kernel, ringBufferSize: options.ringBufferSize)
    try capture.attach()
    // Where it is refused, the free lists tell the same later.
    let flush = SharedFlush(configuration: configuration, kernel: kernel, capture: capture)
    let attached = MonotonicClock.now()

    absentTracepoints = capture.absent
    startDuration = .nanoseconds(Int64(attached - start))
    host = HostDescription(
      kernel: KernelRelease.currentText, tier: flush.isAttached ? "fentry" : "tracepoints",
      startTime: attached, startRealtime: clockTime(CLOCK_REALTIME),
      sampling: options.filter.sampling)
    state = try SessionState(host: host, options: options)
    let loop = try SessionLoop(
      options: options, host: host, state: state, capture: SharedCapture(capture), flush: flush,
      flagBits: kernel.requestFlagBits)
    let surveyor = SurveyorStart(
      loop: loop, configuration: configuration, ownRing: ownRing, options: options)
    thread = try WorkerThread("reader", orThrow: ProbeError.thread) {
      let survey = surveyor.start()
      loop.run()
      surveyor.stop(survey)
    }
  }

  deinit { stop() }

  /// Reads what is left, makes the last snapshot and hands the sink its last records. Idempotent.
  @discardableResult
  public func stop() -> Snapshot {
    hasStopped.withLock { hasStopped in
      guard !hasStopped else { return }
      hasStopped = true
      state.commands.withLock { $0.isStopping = true }
      state.wake.signal()
      thread.join()
    }
    return current()
  }

  /// Records handed over to the model so far, and those lost before.
  public var counts: (records: UInt64, lost: UInt64) {
    let snapshot = current()
    return (snapshot.recordCount, snapshot.lost.total)
  }

  /// The sink's error, after which it was called no more.
  public var sinkError: (any Error)? { state.published.withLock { $0.sinkError } }

  /// Whether the rings that are older than the session have been looked for.
  public var hasScanned: Bool { state.mailbox.answers.withLock { $0.scans > 0 } }

  /// Whether requests that are older than the session have been looked for.
  public var hasInventory: Bool { state.mailbox.answers.withLock { $0.inventories > 0 } }

  /// How often the kernel's structures have been walked.
  public var inventoryCount: Int { state.mailbox.answers.withLock { $0.inventories } }

  /// Different user stacks that the kernel keeps, with `Filter.takesStacks`.
  static let mostStacks = 1 << 14

  // MARK: SnapshotSource

  public var timeline: Timeline? { nil }

  public func current() -> Snapshot { state.published.withLock { $0.snapshot } }

  public func takeNotices() -> [Notice] {
    state.published.withLock { published in
      defer { published.notices = [] }
      return published.notices
    }
  }

  public func perform(_ command: SourceCommand) {
    state.commands.withLock { commands in
      switch command {
      case .setRefreshInterval(let interval): commands.refreshInterval = interval.nanoseconds
      case .refresh: commands.wantsRefresh = true
      case .inventory: commands.wantsInventory = true
      case .inspect(let request): commands.inspections.append(request)
      case .dump(let path): commands.dumps.append(path)
      case .play, .pause, .setSpeed, .stepForward, .stepBack, .seek, .nextError: return
      }
    }
    state.wake.signal()
  }
}

/// What the session's thread and everybody else share.
final class SessionState: Sendable {
  struct Published: Sendable {
    var snapshot: Snapshot
    var notices: [Notice] = []
    var sinkError: (any Error)?
  }

  struct Commands: Sendable {
    var refreshInterval: UInt64
    var wantsRefresh = false
    var wantsInventory = false
    var inspections: [Request.ID] = []
    var dumps: [String] = []
    var isStopping = false
  }

  let published: Mutex<Published>
  let commands: Mutex<Commands>
  let wake: EventDescriptor
  let mailbox: SurveyorMailbox

  init(host: HostDescription, options: LiveSession.Options) throws(ProbeError) {
    var empty = Aggregator(host: host, limits: options.limits)
    published = Mutex(Published(snapshot: empty.snapshot()))
    commands = Mutex(Commands(refreshInterval: options.refreshInterval.nanoseconds))
    wake = try EventDescriptor()
    mailbox = try SurveyorMailbox()
  }

  func notify(_ notice: Notice) {
    published.withLock { $0.notices.append(notice) }
  }
}

/// Keeps the fentry programs attached, if there are any.
final class SharedFlush: @unchecked Sendable {
  private let object: FlushObject?
  private let releases: ReleaseObject?

  /// What must be known of the kernel.
  static let functions = ReleaseObject.functions.union(["bpf_rdonly_cast", FlushObject.function])

  var isAttached: Bool { object != nil }

  /// Calls that no program saw, at most.
  func missedRuns() -> UInt64 { (object?.missedRuns() ?? 0) + (releases?.missedRuns() ?? 0) }

  /// Functions that give buffers back and are watched.
  let watched: [ReleaseFunction]

  init(configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject) {
    var mayAttach = true
    if kernel.functionParameters[FlushObject.function] == 1 {
      object = try? FlushObject(configuration: configuration, capture: capture)
      // refused once is refused always
      mayAttach = object != nil
    } else {
      object = nil
    }
    var watched: [ReleaseFunction] = []
    releases =
      mayAttach
      ? try? ReleaseObject(
        configuration: configuration, kernel: kernel, capture: capture, watched: &watched) : nil
    self.watched = watched
  }
}

/// Starts the surveyor once reading goes on, and stops it.
struct SurveyorStart: Sendable {
  private let state: SessionState
  private let capture: SharedCapture
  private let configuration: probe_config
  private let ownRing: Int32
  private let filter: RingFilter
  private let interval: UInt64
  private let startTime: UInt64

  init(
    loop: SessionLoop, configuration: probe_config, ownRing: Int32, options: LiveSession.Options
  ) {
    state = loop.state
    capture = loop.capture
    self.configuration = configuration
    self.ownRing = ownRing
    filter = RingFilter(filter: options.filter, includesDescendants: options.includesDescendants)
    interval = options.scanInterval.nanoseconds
    startTime = loop.host.startTime
  }

  /// Loading takes longer than the ring buffer may wait: it happens on the surveyor's thread.
  func start() -> Box {
    let thread = try? WorkerThread("surveyor", orThrow: ProbeError.thread) { [self] in
      guard ownRing >= 0 else {
        state.notify(
          Notice(
            "rings older than uringtop are not found: io_uring_setup: \(errorText(ownRing))",
            isError: true))
        giveUp()
        return
      }
      do throws(ProbeError) {
        var surveyor = try Surveyor(
          mailbox: state.mailbox, capture: capture, configuration: configuration, filter: filter,
          interval: interval, ownRing: ownRing, startTime: startTime)
        surveyor.run()
      } catch {
        state.notify(Notice("rings are not scanned: \(error.message)", isError: true))
        giveUp()
      }
    }
    return Box(thread)
  }

  /// Nobody need wait for what will not come.
  private func giveUp() {
    state.mailbox.answers.withLock { answers in
      answers.scans += 1
      answers.inventories += 1
    }
  }

  func stop(_ box: consuming Box) {
    state.mailbox.requests.withLock { $0.isStopping = true }
    state.mailbox.wake.signal()
    box.join()
  }

  /// The thread, if it could be started.
  struct Box: ~Copyable {
    private let thread: WorkerThread?
    init(_ thread: WorkerThread?) { self.thread = thread }
    func join() { thread?.join() }
  }
}

extension Duration {
  /// Whole nanoseconds, at least 0.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
  }
}
