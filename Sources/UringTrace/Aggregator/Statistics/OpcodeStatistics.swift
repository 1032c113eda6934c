/// Latency of one opcode on one ring.
struct OpcodeStatistics: ~Copyable {
  var opcode: Opcode
  var histogram = LatencyHistogram()
  var stageTotals = InlineArray<5, UInt64>(repeating: 0)

  /// Total latency, in nanoseconds, of requests whose stages are not known.
  var unstagedTotal: UInt64 = 0

  /// Computed from the histogram by the last snapshot; valid while the count is the same.
  private var summary = LatencySummary()
  private var buckets: [OpcodeLatency.Bucket] = []

  init(opcode: Opcode) {
    self.opcode = opcode
  }

  /// Sum of all latencies, in nanoseconds. The stages are parts of it.
  var latencyTotal: UInt64 {
    var total = unstagedTotal
    for index in stageTotals.indices { total &+= stageTotals[index] }
    return total
  }

  mutating func latency(ring: Ring.ID) -> OpcodeLatency {
    if summary.count != histogram.count {
      summary = histogram.summary(sum: latencyTotal)
      buckets = histogram.buckets
    }
    return OpcodeLatency(
      ring: ring, opcode: opcode, summary: summary, stageTotals: stageTotals, buckets: buckets)
  }
}

extension OpcodeStatistics {
  /// Adds the latency of a request without events between submission and completion.
  @inline(__always)
  mutating func addIssued(_ nanoseconds: UInt64) {
    stageTotals[unchecked: Int(Stage.issued.rawValue)] &+= nanoseconds
  }

  /// Adds the time from a request's submission to `end`, stage by stage.
  ///
  /// - Parameter steps: number of the request's steps that count.
  @inline(never)
  mutating func addStages(
    of slot: borrowing RequestSlot, steps: UInt32, until end: UInt64
  ) {
    let known = min(Int(steps), Request.stepCapacity)
    var stage = Stage.issued
    for index in 0..<known {
      let step = slot.request.stepStorage[unchecked: index]
      stage = stage.after(step.kind)
      let next = index + 1 < known ? slot.request.stepStorage[index + 1].time : end
      if stage == .held, slot.releasedTime > step.time, slot.releasedTime < next {
        // The request ran from the end of the chain's previous request.
        stageTotals[.held] &+= slot.releasedTime &- step.time
        stageTotals[.issued] &+= next &- slot.releasedTime
      } else {
        stageTotals[stage] &+= next.since(step.time)
      }
    }
  }
}

extension Stage {
  /// The stage after a step, given that the request was in this stage before.
  package func after(_ step: Step.Kind) -> Stage {
    switch step {
    case .submitted: .issued
    case .deferred, .linked: .held
    // A worker that looks up the file keeps the request.
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
