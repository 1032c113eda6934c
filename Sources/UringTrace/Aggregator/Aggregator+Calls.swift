import CRecord
import UringRecords

/// Handlers of records about io_uring's system calls, their failures, and the process limits that
/// can cause failures.
extension Aggregator {
  mutating func callsWatched(_ record: UnsafePointer<record_calls_watched>, _ event: inout Event) {
    calls.watched(since: record.pointee.base.time_ns)
  }

  mutating func systemCalls(_ record: UnsafePointer<record_system_calls>, _ event: inout Event) {
    calls.note(record, ring: ringInView(record.pointee.base.ctx))
  }

  mutating func processLimits(
    _ record: UnsafePointer<record_process_limits>, _ event: inout Event
  ) {
    calls.note(record)
  }

  mutating func lastTaken(_ record: UnsafePointer<record_last_taken>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    event.userData = record.pointee.sqe.user_data
    rings[ring].ring.lastTaken = Ring.TakenSQE(
      sqe: record.pointee.sqe, count: record.pointee.count,
      result: record.pointee.has_cqe == 0 ? nil : record.pointee.res)
  }

  /// Records a failed `io_uring_register` call. A successful call instead removes the earlier
  /// failures of its opcode, and of the other opcodes for the same resource.
  mutating func noteRegistration(
    _ record: UnsafePointer<record_register>, _ ring: Handle<RingState>
  ) {
    let opcode = RegisterOpcode(rawValue: record.pointee.opcode & ~(1 << 31))
    let time = record.pointee.base.time_ns
    var failed = rings[ring].ring.failedRegistrations
    guard record.pointee.result < 0 else {
      if let resource = opcode.resource {
        rings[ring].ring.tableTimes[resource] = time
        failed.removeAll { $0.opcode.resource == resource }
      }
      failed.removeAll { $0.opcode == opcode }
      if failed.count != rings[ring].ring.failedRegistrations.count {
        rings[ring].ring.failedRegistrations = failed
      }
      return
    }
    let result = Int32(clamping: record.pointee.result)
    let known = failed.firstIndex { $0.opcode == opcode && $0.result == result }
    var failure =
      known.map { failed.remove(at: $0) }
      ?? Ring.FailedRegistration(
        opcode: opcode, result: result, tid: 0, tgid: 0, count: 0, time: 0)
    (failure.tid, failure.tgid, failure.time) = (record.pointee.base.tid, record.pointee.tgid, time)
    failure.count += 1
    guard failed.count < 64 else { return }
    failed.append(failure)
    rings[ring].ring.failedRegistrations = failed
  }
}
