import CRecord

/// Events without records of their own: counts and latencies.
extension Aggregator {
  /// Handles a CQE of a request whose submission has no record. A request still listed at its address has ended.
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
      if traits.isError(complete.res, of: opcode) { rings[ring].count(error: complete.res) }
    }
    if complete.res > 0 {
      rings[ring].count(bytes: UInt64(complete.res), traits.direction(opcode))
    }
    statistics.record(header.time_ns.since(record.pointee.submitted_ns), of: opcode, on: ring)
  }

  /// Adds counts of events that have no records of their own.
  @inline(never)
  mutating func counts(_ record: UnsafePointer<record_counts>, _ event: inout Event) {
    let header = record.pointee.base
    stream.countsUnrecorded = true
    guard let ring = ringOfCounts(header) else {
      var gone = RingState(Ring(id: 0, address: header.ctx, time: header.time_ns))
      gone.add(record, traits)
      rings.addForgotten(gone.ring.counts)
      return
    }
    rings[ring].add(record, traits)
    statistics.record(
      sum: record.pointee.latency_sum, buckets: record.pairs.latencies,
      of: Opcode(rawValue: header.opcode), on: ring)
  }
}

extension Aggregator {
  /// The ring whose events were counted up to the record's time; nil if it was forgotten.
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
    for pair in record.pairs.errors {
      // A value that is no errno is counted under errno 0.
      let error = Int32(exactly: pair.what) ?? 0
      guard error == 0 || traits.isError(0 &- error, of: opcode) else { continue }
      ring.counts.errors &+= UInt64(pair.count)
      ring.count(errno: error, times: UInt64(pair.count))
    }
  }
}

extension UnsafePointer<record_counts> {
  /// The pairs that follow the record, up to its size: errors by errno, latencies by bucket.
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
