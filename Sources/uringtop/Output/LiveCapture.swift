import UringProbe
import UringRecordings
import UringSources
import UringTrace

/// A live capture as the commands need it: what goes wrong has an exit status.
final class LiveCapture: Sendable {
  private let session: LiveSession

  var source: any SnapshotSource { session }

  private init(_ session: LiveSession) {
    self.session = session
  }

  /// Attaches. When it returns, no request goes unseen.
  ///
  /// - Parameter tree: a process that, with its descendants, is all that is watched, unless the filter
  ///   names processes itself.
  /// - Parameter isForScreen: kept small, because it stays for long: an eighth of the ring buffer, and a history
  ///   of what one scrolls through.
  /// - Parameter isConfined: gives up the rights that a capture does not need. A child is started before.
  static func start(
    filter: Filter, tree: UInt32? = nil, refreshInterval: Duration, recorder: Recorder? = nil,
    isForScreen: Bool = false, isConfined: Bool = true
  ) throws(Failure) -> LiveCapture {
    if isConfined { Confinement.keepCaptureCapabilities() }
    var options = LiveSession.Options()
    if isForScreen {
      options.ringBufferSize = 8 << 20
      options.limits.history = 4_000
      options.dumpWriter = { records, host, end, path in
        let header = RecordingHeader(toolVersion: Version.current, host: host)
        let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
        try TraceExport.write(
          records, header: header, until: end, to: file, format: .jsonl)
      }
    }
    options.filter = filter
    if let tree, filter.pids.isEmpty {
      options.filter.pids = [tree]
      options.includesDescendants = true
      // The descriptors are yet to be opened.
      options.verifiesFilter = false
    }
    options.refreshInterval = refreshInterval
    options.sink = recorder
    do {
      let session = try LiveSession(options)
      if isConfined { Confinement.refuseCalls() }
      return LiveCapture(session)
    } catch {
      throw Failure(error)
    }
  }

  var host: HostDescription { session.host }

  /// Looks a last time at what is in flight and what lies in the queues, unless there is nothing left to look at.
  func lookAgain(after reason: Watch.Reason = .durationOver) {
    switch reason {
    case .childEnded, .failed: return
    case .signal, .durationOver: break
    }
    waitForInventory()
    takeInventory()
  }

  /// Waits until requests that are older than the capture have been looked for, fifteen seconds at most.
  private func waitForInventory() {
    for _ in 0..<1_500 where !session.hasInventory { Pause.sleep(nanoseconds: 10_000_000) }
  }

  /// Looks once more where the kernel has each request, two seconds at most.
  private func takeInventory() {
    let before = session.inventoryCount
    session.perform(.inventory)
    for _ in 0..<200 where session.inventoryCount == before { Pause.sleep(nanoseconds: 10_000_000) }
  }

  /// As ``stop()``, with signals blocked: a second one ends the wait.
  func stop(after signal: Int32) throws(Failure) -> Snapshot {
    try BlockingCall.run("stopper", after: signal) { [self] in stop() }
  }

  /// Prints on standard error what the capture goes without, and the like.
  func reportNotices() {
    for notice in session.takeNotices() { StandardError.write(notice.text) }
  }

  /// Reads what is left, and makes the last snapshot. Nothing stays attached.
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
