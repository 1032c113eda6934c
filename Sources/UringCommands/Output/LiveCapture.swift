import UringBase
import UringProbe
import UringRecordings
import UringSources
import UringTrace

/// A live capture for commands. Its errors are failures with exit statuses.
final class LiveCapture: Sendable {
  private let session: LiveSession

  var source: any SnapshotSource { session }

  private init(_ session: LiveSession) {
    self.session = session
  }

  /// Attaches the probes. Once it returns, no request is missed.
  ///
  /// - Parameter tree: watches only this process and its descendants, unless the filter itself
  ///   names processes.
  /// - Parameter isForScreen: true for the capture of a UI, which runs for a long time: it has an
  ///   eighth of the record buffer, and a history for scrolling.
  /// - Parameter roles: for `serve`, whose listener is already open: maximum number of roles
  ///   (combinations of program, cgroup and opcode) that are counted. The record buffer is smaller
  ///   then. Nil for no counts by role.
  /// - Parameter isConfined: true to give up the privileges that a capture does not need. A child
  ///   must be started earlier.
  static func start(
    filter: Filter, tree: UInt32? = nil, refreshInterval: Duration,
    recorder: (any RecordSink)? = nil,
    isForScreen: Bool = false, roles: Int? = nil, isConfined: Bool = true
  ) throws(Failure) -> LiveCapture {
    if isConfined { Confinement.keepCaptureCapabilities() }
    var options = LiveSession.Options()
    if isForScreen {
      options.recordBufferSize = 8 << 20
      options.refreshesStates = true
      options.dumpWriter = { records, host, end, path in
        let header = RecordingHeader(toolVersion: Version.current, host: host)
        let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
        try TraceExport.write(
          records, header: header, until: end, to: file, format: .jsonl)
      }
    }
    let isUnattended = !isForScreen && (recorder != nil || roles != nil)
    if isForScreen || isUnattended { options.limits.history = 4_000 }
    if isUnattended { options.limits.events = 0 }
    if let roles {
      options.recordBufferSize = 16 << 20
      options.limits.roles = roles
    }
    options.filter = filter
    if let tree, filter.pids.isEmpty {
      options.filter.pids = [tree]
      options.includesDescendants = true
      // The filter's descriptors cannot be verified, because the child has not opened them yet.
      options.verifiesFilter = false
    }
    options.refreshInterval = refreshInterval
    options.sink = recorder
    do {
      let session = try LiveSession(options)
      if isConfined { Confinement.refuseCalls(serves: roles != nil) }
      return LiveCapture(session)
    } catch {
      throw Failure(error)
    }
  }

  var host: HostDescription { session.host }

  /// Takes a last inventory of requests in flight and of queue entries, unless the watched program
  /// has ended or the watch has failed.
  func lookAgain(after reason: Watch.Reason = .durationOver) {
    switch reason {
    case .childEnded, .failed: return
    case .signal, .durationOver: break
    }
    waitForInventory()
    takeInventory()
  }

  /// Waits until the capture has searched for requests that are older than itself, at most fifteen
  /// seconds.
  func waitForInventory() {
    for _ in 0..<1_500 where !session.hasInventory { Pause.sleep(nanoseconds: 10_000_000) }
  }

  /// Number of inventories taken so far.
  var inventoryCount: Int { session.inventoryCount }

  /// Asks for another inventory, without waiting for it.
  func askForInventory() { session.perform(.inventory) }

  /// Takes another inventory; waits at most two seconds for it.
  private func takeInventory() {
    let before = session.inventoryCount
    session.perform(.inventory)
    for _ in 0..<200 where session.inventoryCount == before { Pause.sleep(nanoseconds: 10_000_000) }
  }

  /// A snapshot that is not older than this call, unless no such snapshot is made within ten
  /// seconds.
  func look() -> Snapshot {
    let now = MonotonicClock.now()
    for attempt in 0..<10_000 where source.current().time < now {
      // The time of a snapshot is that of the last record that is certain to be in order. So the
      // first snapshots can be older than this call.
      if attempt % 10 == 0 { session.perform(.refresh) }
      Pause.sleep(nanoseconds: 1_000_000)
    }
    return source.current()
  }

  /// Like ``stop()``, with signals blocked: a second signal ends the wait.
  func stop(after signal: Int32) throws(Failure) -> Snapshot {
    try BlockingCall.run(
      "stopper", after: signal, progress: { session.progress }, { [self] in stop() })
  }

  /// Prints notices on standard error, such as features that the capture lacks.
  func reportNotices() {
    for notice in session.takeNotices() { StandardError.write(notice.text) }
  }

  /// Reads the remaining records and makes the last snapshot. Nothing stays attached.
  @discardableResult
  func stop() -> Snapshot { session.stop() }
}

extension Failure {
  init(_ error: ProbeError) {
    let status =
      switch error.kind {
      case .notPermitted: ExitStatus.notPermitted
      case .unsupportedKernel, .refused: ExitStatus.unsupportedKernel
      case .badFilter: ExitStatus.noProcess
      case .system: ExitStatus.system
      }
    self.init(status, error.message)
    details = error.details
  }
}
