import CRecord

/// Handlers of records that stand for unrecorded events: `counts`, which contains only numbers of
/// events, and the long form of `complete`, for a request without a `submit` record.
extension Aggregator {
  /// Handles a CQE of a request whose submission has no record. A request that is still listed at
  /// the same `io_kiocb` address is an older one, and must have ended.
  @inline(never)
  mutating func completeUnseen(
    _ record: UnsafePointer<record_complete_unseen>, _ ring: Handle<RingState>,
    _ event: inout Event
  ) {
    stream.countsUnrecorded = true
    let complete = record.pointee.complete
    let header = complete.base
    if let (slot, _) = requests.user(of: header.req) {
      endUnseen(slot, Moment(time: header.time_ns, tid: header.tid), &event)
    }
    let opcode = Opcode(rawValue: header.opcode)
    if !CQEFlags(rawValue: complete.cflags).contains(.more) {
      rings[ring].ring.counts.completed &+= 1
      roles.count(ring, opcode) { $0.counts.completed &+= 1 }
      if traits.isError(complete.res, of: opcode) { count(error: complete.res, of: opcode, ring) }
    }
    if complete.res > 0 { count(bytes: UInt64(complete.res), of: opcode, ring) }
    let latency = header.time_ns.since(record.pointee.submitted_ns)
    statistics.record(latency, of: opcode, on: ring)
    roles.count(ring, opcode) { $0.latency.record(1, near: latency, sum: latency) }
  }

  /// Adds the counts of events that have no records of their own.
  @inline(never)
  mutating func counts(_ record: UnsafePointer<record_counts>, _ event: inout Event) {
    let header = record.pointee.base
    stream.countsUnrecorded = true
    guard let ring = ringOfCounts(header) else {
      var gone = RingState(Ring(id: 0, address: header.ctx, time: header.time_ns))
      gone.add(record, traits)
      rings.addForgotten(gone.ring.counts)
      if roles.isOn {
        roles.countForgotten(Opcode(rawValue: header.opcode)) { $0.add(record, traits) }
      }
      return
    }
    rings[ring].add(record, traits)
    if roles.isOn {
      roles.count(ring, Opcode(rawValue: header.opcode)) { $0.add(record, traits) }
    }
    statistics.record(
      sum: record.pointee.latency_sum, buckets: record.pairs.latencies,
      of: Opcode(rawValue: header.opcode), on: ring)
  }
}

extension Aggregator {
  /// The ring whose events a `counts` record counts; nil if the ring was forgotten. If a new ring
  /// has reused the counted ring's memory, the record's time is the time of the reuse. The function
  /// then returns the earlier of the two rings.
  private mutating func ringOfCounts(_ header: record) -> Handle<RingState>? {
    if let ring = rings.known(header.ctx) {
      guard rings[ring].ring.firstTime >= header.time_ns else { return ring }
      return rings.earlier(header.ctx, before: header.time_ns)
    }
    return rings.isForgotten(header.ctx)
      ? nil : findOrAddRing(header.ctx, time: header.time_ns)
  }
}

extension RingState {
  fileprivate mutating func add(
    _ record: UnsafePointer<record_counts>, _ traits: borrowing OpcodeTraitTable
  ) {
    let opcode = Opcode(rawValue: record.pointee.base.opcode)
    ring.counts.add(record.pointee)
    count(bytes: record.pointee.bytes, traits.direction(opcode))
    record.forEachError(traits) { errno, times in
      ring.counts.errors &+= times
      ring.count(errno: errno, times: times)
    }
  }
}

extension RoleTracker.Pending {
  fileprivate mutating func add(
    _ record: UnsafePointer<record_counts>, _ traits: borrowing OpcodeTraitTable
  ) {
    counts.submitted &+= record.pointee.submitted
    counts.completed &+= record.pointee.completed
    counts.cqes &+= record.pointee.cqes
    counts.overflows &+= record.pointee.overflows
    counts.dropped &+= record.pointee.dropped
    counts.skipped &+= record.pointee.skipped
    counts.preparationFailures &+= record.pointee.failed
    counts.unmeasured &+= record.pointee.unmeasured
    count(
      bytes: record.pointee.bytes, traits.direction(Opcode(rawValue: record.pointee.base.opcode)))
    record.forEachError(traits) { count(errno: $0, times: $1) }
    for pair in record.pairs.latencies {
      latency.record(
        UInt64(pair.count), near: LatencyHistogram.upperBound(ofBucket: pair.what), sum: 0)
    }
    latency.record(0, near: 0, sum: record.pointee.latency_sum)
  }
}

extension UnsafePointer<record_counts> {
  /// Calls `body` with each errno that counts as an error of the record's opcode, and with the
  /// number of its occurrences. Passes a value that is not an errno as 0.
  fileprivate func forEachError(
    _ traits: borrowing OpcodeTraitTable, _ body: (_ errno: Int32, _ times: UInt64) -> Void
  ) {
    for pair in pairs.errors {
      let error = Int32(exactly: pair.what) ?? 0
      guard
        error == 0 || traits.isError(0 &- error, of: Opcode(rawValue: pointee.base.opcode))
      else { continue }
      body(error, UInt64(pair.count))
    }
  }
}

extension UnsafePointer<record_counts> {
  /// The pairs of value and count that follow the record's fixed part: numbers of errors by errno,
  /// and numbers of latencies by histogram bucket. Pairs beyond the record's size are left out.
  var pairs:
    (
      errors: Slice<UnsafeBufferPointer<record_count>>,
      latencies: Slice<UnsafeBufferPointer<record_count>>
    )
  {
    let size = MemoryLayout<record_counts>.size
    let room = max(0, Int(pointee.base.size) - size) / MemoryLayout<record_count>.stride
    let all = UnsafeBufferPointer(
      start: (UnsafeRawPointer(self) + size).assumingMemoryBound(to: record_count.self),
      count: min(room, Int(pointee.errors) + Int(pointee.latencies)))
    let errors = min(all.count, Int(pointee.errors))
    return (all[..<errors], all[errors...])
  }
}

extension Ring.Counts {
  fileprivate mutating func add(_ counts: record_counts) {
    submitted &+= counts.submitted
    preparationFailures &+= counts.failed
    completed &+= counts.completed
    cqes &+= counts.cqes
    auxiliary &+= counts.auxiliary
    overflows &+= counts.overflows
    dropped &+= counts.dropped
    skipped &+= counts.skipped
    unmeasured &+= counts.unmeasured
  }
}
