import CRecord
import UringRecords
import UringTrace

/// The events that do not fit into a recording, counted so that the recording's sums stay exact.
///
/// If a request's submission record is dropped, all other records of the request are dropped too.
/// The request is then counted, with its latency, in the way in which the BPF programs count events
/// that do not fit into the kernel's ring buffer (`bpf/programs/common/tally.h`). If a request's
/// submission was written, its end is written too. Names are always written, because other records
/// would mislead without them.
struct DroppedRecords {
  private struct Key: Hashable {
    var ring: UInt64
    var opcode: UInt8
  }

  private struct Sum {
    var counts = record_counts()
    var errors: [UInt32: UInt32] = [:]
    var latencies: [UInt32: UInt32] = [:]
  }

  private var sums: [Key: Sum] = [:]
  /// Submission times of dropped requests in flight, by kiocb address. The time is 0 if the
  /// request's latency is not measured.
  private var starts: [UInt64: UInt64] = [:]
  /// Addresses of written requests of which a CQE was written although there was no room: it may
  /// have been the request's first CQE, which determines the latency.
  private var continued: Set<UInt64> = []
  private var lastTime: UInt64 = 0

  /// True if no request is being dropped and no sums are left to write.
  var isEmpty: Bool { sums.isEmpty && starts.isEmpty && continued.isEmpty }

  /// Decides whether the record is dropped, and counts a dropped record. Returns true if it is
  /// dropped.
  ///
  /// - Parameter isFull: true if there is no room for another request.
  mutating func take(_ record: UnsafePointer<record>, isFull: Bool) -> Bool {
    let address = record.pointee.req
    if !isFull { continued.removeAll() }
    switch record.pointee.kind {
    case .submit:
      if isFull { count(record) } else { starts[address] = nil }
      return isFull
    case .reqFailed:
      if isFull { count(record) }
      return isFull
    case .complete:
      let complete: UnsafePointer<record_complete> = record.body()
      let isOfWritten =
        address != 0 && starts[address] == nil && complete.unseen == nil
      let hasMoreCQEs = CQEFlags(rawValue: complete.pointee.cflags).contains(.more)
      let isNeeded = isOfWritten && (!hasMoreCQEs || !isFull || continued.insert(address).inserted)
      if !hasMoreCQEs { continued.remove(address) }
      guard starts[address] != nil || (isFull && !isNeeded) else { return false }
      count(record)
      return true
    case .cqeOverflow:
      guard starts[address] != nil || (isFull && address == 0) else { return false }
      count(record)
      return true
    case .skip:
      guard starts[address] != nil else { return false }
      count(record)
      return true
    case .freed:
      return starts.removeValue(forKey: address) != nil
    case .create, .register, .ringFound, .ringClosed:
      return false
    case let kind:
      return kind.isEvent && (isFull || starts[address] != nil)
    }
  }

  /// Counts a dropped record. Records that are not request events have no count.
  mutating func count(_ record: UnsafePointer<record>) {
    switch record.pointee.kind {
    case .submit: submit(record.body())
    case .reqFailed: fail(record.pointee)
    case .complete: complete(record.body())
    case .cqeOverflow: overflow(record.body(as: record_cqe_overflow.self).pointee)
    case .skip: skip(record.body(as: record_skip.self).pointee)
    default: break
    }
  }

  /// Returns a counts record for each ring and opcode with records dropped since the last call.
  mutating func takeCounts() -> RecordBuffer {
    var records = RecordBuffer()
    for (key, var sum) in sums {
      sum.counts.base.time_ns = lastTime
      sum.counts.base.ctx = key.ring
      sum.counts.base.opcode = key.opcode
      sum.counts.base.kind = .counts
      records.append(
        sum.counts, errors: Self.pairs(sum.errors), latencies: Self.pairs(sum.latencies))
    }
    sums = [:]
    return records
  }

  // MARK: Events

  private mutating func submit(_ record: UnsafePointer<record_submit>) {
    let header = record.pointee.base
    change(header) { $0.counts.submitted += 1 }
    starts[header.req] = header.time_ns
    // The notification's CQE ends a zero-copy send, and its latency is not measured.
    if record.pointee.notif != 0 { starts[record.pointee.notif] = 0 }
  }

  /// Counts a request that failed in preparation. Its CQE follows in a separate record.
  private mutating func fail(_ header: record) {
    change(header) {
      $0.counts.submitted += 1
      $0.counts.failed += 1
    }
    if header.req != 0 { starts[header.req] = 0 }
  }

  private mutating func complete(_ record: UnsafePointer<record_complete>) {
    let header = record.pointee.base
    let flags = CQEFlags(rawValue: record.pointee.cflags)
    if let unseen = record.unseen { starts[header.req] = unseen.pointee.submitted_ns }
    note(header, record.pointee.res, flags)
    change(header) { sum in
      sum.counts.cqes += 1
      guard !flags.contains(.more) else { return }
      if header.req == 0 { sum.counts.auxiliary += 1 } else { sum.counts.completed += 1 }
    }
  }

  private mutating func overflow(_ record: record_cqe_overflow) {
    note(record.base, record.res, CQEFlags(rawValue: record.cflags))
    change(record.base) { sum in
      sum.counts.overflows += 1
      if record.dropped != 0 { sum.counts.dropped += 1 } else { sum.counts.cqes += 1 }
    }
  }

  private mutating func skip(_ record: record_skip) {
    note(record.base, record.res, [])
    change(record.base) { $0.counts.skipped += 1 }
  }

  // MARK: Sums

  /// Counts the bytes, the error and the latency of a request when it posts a CQE, or when it ends
  /// without one.
  private mutating func note(_ header: record, _ result: Int32, _ flags: CQEFlags) {
    guard header.req != 0 else { return }
    let isLast = !flags.contains(.more)
    let start = starts[header.req]
    let leaves = isLast || Opcode(rawValue: header.opcode).isZeroCopySend
    if leaves {
      starts[header.req] = nil
    } else if start != nil {
      // The latency of a request is that of its first CQE, so later CQEs are not measured.
      starts[header.req] = 0
    }
    guard !flags.contains(.notification) else { return }
    change(header) { sum in
      if result > 0 { sum.counts.bytes += UInt64(result) }
      if isLast, result < 0 { sum.errors[result.magnitude, default: 0] += 1 }
      guard let start else {
        if isLast { sum.counts.unmeasured += 1 }
        return
      }
      guard start != 0 else { return }
      let latency = header.time_ns.since(start)
      sum.counts.latency_sum += latency
      sum.latencies[LatencyHistogram.bucket(of: latency), default: 0] += 1
    }
  }

  private mutating func change(_ header: record, _ body: (inout Sum) -> Void) {
    lastTime = max(lastTime, header.time_ns)
    body(&sums[Key(ring: header.ctx, opcode: header.opcode), default: Sum()])
  }

  private static func pairs(_ counts: [UInt32: UInt32]) -> [record_count] {
    counts.sorted { $0.key < $1.key }.map { record_count(what: $0.key, count: $0.value) }
  }
}
