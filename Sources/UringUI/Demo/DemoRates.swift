import UringTrace

/// The rates of the demo's ublk target between its last two statuses that are far enough apart.
struct DemoRates: Sendable {
  /// I/Os and bytes per second; nil if the target has only begun.
  private(set) var ios: Double?
  private(set) var readBytes: Double?
  private(set) var writtenBytes: Double?
  /// I/Os per second of each interval, oldest first.
  private(set) var history: [UInt64] = []
  private var last: DemoStatus?

  mutating func update(_ status: DemoStatus) {
    let previous = last ?? start(of: status)
    guard status.time.since(previous.time) >= Rates.leastSpan else { return }
    let seconds = Double(status.time - previous.time) / 1e9
    func rate(_ count: (DemoStatus) -> UInt64) -> Double {
      Double(count(status) - min(count(status), count(previous))) / seconds
    }
    let ios = rate(\.ios)
    self.ios = ios
    readBytes = rate(\.readBytes)
    writtenBytes = rate(\.writtenBytes)
    history.append(UInt64(ios.rounded(.up)))
    if history.count > 400 { history.removeFirst() }
    last = status
  }

  /// The status at the target's start, with all counts 0.
  private func start(of status: DemoStatus) -> DemoStatus {
    var start = DemoStatus(
      target: status.target, mode: status.mode, time: status.startTime,
      startTime: status.startTime)
    start.queues = []
    return start
  }
}
