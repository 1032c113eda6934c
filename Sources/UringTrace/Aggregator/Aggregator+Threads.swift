import CRecord
import UringRecords

/// Handlers of records about kernel threads that serve rings: SQ threads and io-wq workers.
extension Aggregator {
  mutating func sqThread(_ record: UnsafePointer<record_sq_thread>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    let work = SQThreadWork(
      ran: record.pointee.ran_ns, delayed: record.pointee.delayed_ns, slept: record.pointee.slept)
    // The SQ thread's work before its first record is subtracted. If the ring's creation was seen,
    // there is no such work, unless the ring shares an older SQ thread (IORING_SETUP_ATTACH_WQ).
    if rings[ring].sqThreadFirst == nil {
      let isNew =
        !rings[ring].ring.isFound && !rings[ring].ring.setupFlags.contains(.attachWQ)
      rings[ring].sqThreadFirst = isNew ? SQThreadWork() : work
    }
    rings[ring].ring.sqThreadWork = work.since(rings[ring].sqThreadFirst!)
    rings[ring].ring.sqThreadSetup = SQThreadSetup(
      idle: record.pointee.idle_ms == 0 ? nil : record.pointee.idle_ms,
      policy: record.pointee.policy, nice: record.pointee.nice,
      processors: text(behind: record, length: record.pointee.length) ?? "")
  }

  mutating func workerPool(_ record: UnsafePointer<record_worker_pool>, _ event: inout Event) {
    let lines = (text(behind: record, length: record.pointee.length) ?? "")
      .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    waits.workerPool(
      record, processors: lines.first.map(String.init) ?? "",
      programProcessors: lines.count > 1 ? String(lines[1]) : "")
  }
}
