/// Latency of one opcode on one ring.
struct OpcodeStatistics: ~Copyable {
  var opcode: Opcode
  var histogram = LatencyHistogram()
  var stageTotals = InlineArray<5, UInt64>(repeating: 0)

  /// Total latency, in nanoseconds, of requests whose stages are not known.
  var unstagedTotal: UInt64 = 0

  private var seconds = LatencySeconds()

  /// Results that the last snapshot computed from the histogram; valid as long as the histogram's
  /// count is the same.
  private var summary = LatencySummary()
  private var buckets: [OpcodeLatency.Bucket] = []
  private var counts: LatencyCounts?
  private var shownSeconds: [LatencySecond] = []

  init(opcode: Opcode) {
    self.opcode = opcode
  }

  /// Sum of all latencies, in nanoseconds: the totals of all stages, and ``unstagedTotal``.
  var latencyTotal: UInt64 {
    var total = unstagedTotal
    for index in stageTotals.indices { total &+= stageTotals[index] }
    return total
  }

  /// - Parameters:
  ///   - second: start of the running second; nanoseconds, CLOCK_MONOTONIC.
  ///   - withCounts: true if the result must contain a copy of the histogram.
  mutating func latency(ring: Ring.ID, second: UInt64, withCounts: Bool) -> OpcodeLatency {
    if summary.count != histogram.count || withCounts != (counts != nil) {
      counts = withCounts ? histogram.copy : nil
      summary = histogram.summary(sum: latencyTotal)
      buckets = histogram.buckets
      shownSeconds = seconds.through(histogram, start: second)
    }
    return OpcodeLatency(
      ring: ring, opcode: opcode, summary: summary, stageTotals: stageTotals, buckets: buckets,
      seconds: shownSeconds, counts: counts)
  }

  /// Ends the second that began at `start`.
  mutating func endSecond(start: UInt64) {
    seconds.add(histogram, start: start)
    shownSeconds = seconds.seconds
  }
}

extension OpcodeStatistics {
  /// Divides the time from a request's submission to `end` among the totals of the request's
  /// stages. The histogram already contains this time.
  @inline(__always)
  mutating func addStages(
    of slot: borrowing RequestSlot, _ requests: borrowing RequestTracker, latency: UInt64,
    until end: UInt64
  ) {
    if slot.request.stepCount <= 1 {
      stageTotals[unchecked: Int(Stage.issued.rawValue)] &+= latency
    } else {
      addStages(
        requests.steps(of: slot), releasedAt: requests.releasedTime(of: slot), until: end)
    }
  }

  @inline(never)
  private mutating func addStages(
    _ steps: StepList, releasedAt released: UInt64, until end: UInt64
  ) {
    var stage = Stage.issued
    for index in steps.indices {
      let step = steps[index]
      stage = stage.after(step.kind)
      let next = index + 1 < steps.count ? steps[index + 1].time : end
      if stage == .held, released > step.time, released < next {
        // The request was held only until the previous request of its chain ended. It ran from then
        // on.
        stageTotals[.held] &+= released &- step.time
        stageTotals[.issued] &+= next &- released
      } else {
        stageTotals[stage] &+= next.since(step.time)
      }
    }
  }
}

extension Stage {
  /// The request's stage after a step, if this was its stage before the step.
  package func after(_ step: Step.Kind) -> Stage {
    switch step {
    case .submitted: .issued
    case .deferred, .linked: .held
    // If an io-wq worker looks up the request's file, the request stays with the worker.
    case .fileAssigned: self == .worker ? .worker : .issued
    case .pollArmed: .poll
    case .queuedToWorker, .queuedToWorkerHashed: .worker
    case .taskWorkAdded: .taskWork
    default: self
    }
  }
}

extension InlineArray where Element == UInt64 {
  fileprivate subscript(_ stage: Stage) -> UInt64 {
    get { self[Int(stage.rawValue)] }
    set { self[Int(stage.rawValue)] = newValue }
  }
}
