import CProbe
import UringBase
import UringSources

/// Starts and stops the surveyor thread, while the reader thread already reads records.
struct SurveyorStart: Sendable {
  private let state: SessionState
  private let capture: SharedCapture
  private let configuration: probe_config
  private let kernel: KernelBTF
  private let ownRing: Int32
  private let filter: RingFilter
  private let interval: UInt64
  private let startTime: UInt64
  private let calls: SystemCallObject?

  init(
    loop: SessionLoop, configuration: probe_config, kernel: KernelBTF, ownRing: Int32,
    options: LiveSession.Options
  ) {
    state = loop.state
    capture = loop.capture
    self.configuration = configuration
    self.kernel = kernel
    self.ownRing = ownRing
    filter = RingFilter(filter: options.filter, includesDescendants: options.includesDescendants)
    interval = options.scanInterval.wholeNanoseconds
    startTime = loop.host.startTime
    calls = loop.calls
  }

  /// Starts the surveyor thread. It loads its BPF programs itself, because the load takes so long
  /// that the record buffer could fill meanwhile.
  func start() -> SeparateCall<Void>? {
    try? SeparateCall("surveyor", orThrow: ProbeError.thread) { [self] in
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
          mailbox: state.mailbox, capture: capture, configuration: configuration,
          kernel: kernel, filter: filter, interval: interval, ownRing: ownRing,
          startTime: startTime, calls: calls)
        surveyor.run()
      } catch {
        state.notify(Notice("rings are not scanned: \(error.message)", isError: true))
        giveUp()
      }
    }
  }

  /// Counts the first inventory as done although none will be taken, so that no one waits for it.
  private func giveUp() {
    state.mailbox.answer { $0.inventories += 1 }
  }

  /// Stops the surveyor thread and waits until it has ended, unless it makes no progress.
  func stop(_ surveyor: SeparateCall<Void>?) {
    state.mailbox.ask { $0.isStopping = true }
    let hasEnded =
      surveyor?.result(patience: { Self.patience }, progress: { state.progress.value }) != nil
    // The reader thread has ended, so the surveyor's last notices are taken here.
    for notice in state.mailbox.takeNotices() { state.notify(notice) }
    guard surveyor != nil, !hasEnded else { return }
    state.notify(
      Notice(
        "the last scan of rings and processes has not finished: its results are missing",
        isError: true))
  }

  /// Maximum nanoseconds to wait without progress; less than the time for which the commands wait
  /// for the end of a capture.
  private static let patience: UInt64 = 8_000_000_000
}
