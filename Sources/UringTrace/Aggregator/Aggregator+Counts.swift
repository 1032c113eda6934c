import CRecord

/// What is known of events without a record: sums, and latencies.
extension Aggregator {
  /// A CQE of a request whose submission has no record. What is thought in flight there has ended.
  @inline(never)
  mutating func completeUnseen(_ record: UnsafePointer<record_complete_unseen>, _ ring: UInt32) {
    let complete = record.pointee.complete
    let header = complete.base
    if let position = addresses.find(header.req), isLive(addresses[position]) {
      endUnseen(addresses[position].index, time: header.time_ns, tid: header.tid)
    }
    let opcode = Opcode(rawValue: header.opcode)
    if !CQEFlags(rawValue: complete.cflags).contains(.more) {
      rings[ring].ring.counts.completed &+= 1
      if traits.isError(complete.res, of: opcode) { countError(complete.res, ring: ring) }
    }
    if complete.res > 0 { count(bytes: UInt64(complete.res), of: opcode, ring) }
    let place = statisticsPlace(ring, opcode)
    let latency = header.time_ns.since(record.pointee.submitted_ns)
    statistics[place].histogram.record(latency)
    statistics[place].unstagedTotal &+= latency
  }

  /// Sums over events without a record.
  @inline(never)
  mutating func counts(_ record: UnsafePointer<record_counts>) {
    let header = record.pointee.base
    let pairs = record.pairs
    let opcode = Opcode(rawValue: header.opcode)
    let ring = findRing(header.ctx, time: header.time_ns)
    rings[ring].ring.counts.add(record.pointee)
    count(bytes: record.pointee.bytes, of: opcode, ring)
    for pair in pairs.errors {
      let error = Int32(truncatingIfNeeded: pair.what)
      if error == 0 || traits.isError(0 &- error, of: opcode) {
        rings[ring].ring.counts.errors &+= UInt64(pair.count)
        rings[ring].ring.count(errno: error, times: UInt64(pair.count))
      }
    }
    guard !pairs.latencies.isEmpty else { return }
    let place = statisticsPlace(ring, opcode)
    statistics[place].unstagedTotal &+= record.pointee.latency_sum
    for pair in pairs.latencies {
      statistics[place].histogram.add(UInt64(pair.count), toBucket: Int(pair.what))
    }
  }

  private func count(bytes: UInt64, of opcode: Opcode, _ ring: UInt32) {
    switch traits.direction(opcode) {
    case .none: break
    case .read: rings[ring].ring.counts.bytesRead &+= bytes
    case .write: rings[ring].ring.counts.bytesWritten &+= bytes
    }
  }
}

extension UnsafePointer<record_counts> {
  /// What follows the record: errors by errno, latencies by bucket. Those that its size has room for.
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
