import CRecord

/// Latencies by ring and opcode.
struct StatisticsTracker: ~Copyable {
  private typealias ByOpcode = InlineArray<256, Handle<OpcodeStatistics>>

  private var statistics = Pool<OpcodeStatistics>()
  private var rings = SideTable<RingState, ByOpcode>(ByOpcode(repeating: .none))

  var entryCount: Int { statistics.count }

  // MARK: Rings

  mutating func ringBegan(_ ring: Handle<RingState>) {
    rings.reset(ring)
  }

  mutating func ringForgotten(_ ring: Handle<RingState>) {
    for opcode in 0..<256 where rings[ring][opcode] != .none {
      let handle = rings[ring][opcode]
      // Releases the histogram's memory.
      statistics[handle] = OpcodeStatistics(opcode: Opcode(rawValue: 0))
      statistics.give(back: handle)
    }
    rings.reset(ring)
  }

  // MARK: Recording

  /// Adds the latency of a request that posts its first CQE, or ends without a CQE.
  ///
  /// The latency is the time from the submission to the first CQE. Later CQEs do not count: the
  /// lifetime of a multishot request is not a latency, and a zero-copy send that has posted its
  /// result waits only for the network stack.
  ///
  /// - Returns: the latency, if it was added.
  @inline(__always)
  mutating func record(
    _ slot: UnsafeMutablePointer<RequestSlot>, of requests: borrowing RequestTracker,
    until time: UInt64
  ) -> UInt64? {
    guard !slot.pointee.isLatencyRecorded, slot.pointee.request.isStartKnown,
      requests.preparationError(of: slot.pointee) == 0
    else { return nil }
    slot.pointee.isLatencyRecorded = true
    slot.pointee.isPlain = false
    let latency = time.since(slot.pointee.request.startTime)
    let handle = handle(slot.pointee.ring, slot.pointee.request.opcode)
    statistics[handle].histogram.record(latency)
    statistics[handle].addStages(of: slot.pointee, requests, latency: latency, until: time)
    return latency
  }

  /// Adds the latency of a plain request if that needs no allocation.
  ///
  /// - Returns: false if nothing was added.
  @inline(__always)
  mutating func recordPlain(
    _ slot: UnsafeMutablePointer<RequestSlot>, of requests: borrowing RequestTracker,
    ring: Handle<RingState>, until time: UInt64
  ) -> Bool {
    let handle = rings[ring][unchecked: Int(slot.pointee.request.opcode.rawValue)]
    guard handle != .none, time >= slot.pointee.request.lastTime else { return false }
    let statistics = statistics.mutablePointer(to: handle)
    let latency = time &- slot.pointee.request.startTime
    guard statistics.pointee.histogram.recordCovered(latency) else { return false }
    statistics.pointee.addStages(of: slot.pointee, requests, latency: latency, until: time)
    return true
  }

  /// Adds the latency of a request whose stages are unknown.
  mutating func record(_ latency: UInt64, of opcode: Opcode, on ring: Handle<RingState>) {
    let handle = handle(ring, opcode)
    statistics[handle].histogram.record(latency)
    statistics[handle].unstagedTotal &+= latency
  }

  /// Adds many latencies, of which only their sum and their number in each bucket are known.
  mutating func record(
    sum: UInt64, buckets: Slice<UnsafeBufferPointer<record_count>>, of opcode: Opcode,
    on ring: Handle<RingState>
  ) {
    guard !buckets.isEmpty else { return }
    let handle = handle(ring, opcode)
    statistics[handle].unstagedTotal &+= sum
    for pair in buckets {
      statistics[handle].histogram.add(UInt64(pair.count), toBucket: Int(pair.what))
    }
  }

  @inline(__always)
  private mutating func handle(
    _ ring: Handle<RingState>, _ opcode: Opcode
  ) -> Handle<OpcodeStatistics> {
    let known = rings[ring][unchecked: Int(opcode.rawValue)]
    return known == .none ? add(ring, opcode) : known
  }

  @inline(never)
  private mutating func add(
    _ ring: Handle<RingState>, _ opcode: Opcode
  ) -> Handle<OpcodeStatistics> {
    let handle = statistics.take(OpcodeStatistics(opcode: opcode))
    statistics[handle] = OpcodeStatistics(opcode: opcode)
    rings[ring][Int(opcode.rawValue)] = handle
    return handle
  }

  /// Ends a second, which began at `start`, on a ring whose statistics may have changed in that
  /// second.
  mutating func endSecond(of ring: Handle<RingState>, start: UInt64) {
    for opcode in 0..<256 {
      let handle = rings[ring][unchecked: opcode]
      if handle != .none { statistics[handle].endSecond(start: start) }
    }
  }

  // MARK: Snapshot

  /// Maximum number of ``OpcodeLatency`` values in a snapshot that have a copy of their histogram:
  /// some 16 KB each.
  private static let mostCopies = 64

  /// Appends a ring's latencies, by opcode.
  ///
  /// - Parameter second: start of the running second; nanoseconds, CLOCK_MONOTONIC.
  mutating func appendLatencies(
    of ring: Handle<RingState>, id: Ring.ID, second: UInt64, to all: inout [OpcodeLatency]
  ) {
    for opcode in 0..<256 {
      let handle = rings[ring][unchecked: opcode]
      guard handle != .none else { continue }
      let hasCounts = all.count < Self.mostCopies
      all.append(statistics[handle].latency(ring: id, second: second, withCounts: hasCounts))
    }
  }

  /// The latency over all opcodes of a ring.
  func mergedLatency(of ring: Handle<RingState>) -> LatencySummary {
    var merged = LatencyHistogram()
    var total: UInt64 = 0
    for opcode in 0..<256 where rings[ring][opcode] != .none {
      let handle = rings[ring][opcode]
      merged.add(statistics[handle].histogram)
      total &+= statistics[handle].latencyTotal
    }
    return merged.summary(sum: total)
  }

  #if DEBUG
    /// Traps unless the statistics in use are exactly those of these rings.
    func checkInvariants(rings all: [Handle<RingState>]) {
      var used = 0
      for ring in all {
        for opcode in 0..<256 where rings[ring][opcode] != .none {
          let handle = rings[ring][opcode]
          precondition(statistics.isLive(handle), "a ring refers to statistics that were freed")
          precondition(
            statistics[handle].opcode.rawValue == UInt8(opcode), "statistics of another opcode")
          used += 1
        }
      }
      precondition(used == statistics.count, "statistics are in use but no ring refers to them")
    }
  #endif
}
