import CProbe
import CRecord
import UringBase
import UringRecords

extension RingScanner.KnownRing {
  /// Adds a descriptor of the ring. The process that created the ring counts as its owner; if that
  /// process is not found, the first process found.
  mutating func add(_ other: probe_sighting) {
    if holders.isEmpty || (other.is_creator == 1 && sighting.is_creator == 0) { sighting = other }
    let holder = RingScanner.Holder(tgid: other.tgid, fd: other.fd)
    if !holders.contains(holder) { holders.append(holder) }
  }

  /// True if a new `record_ring_found` would repeat the last one.
  func isSame(as other: Self) -> Bool {
    sighting.tgid == other.sighting.tgid && sighting.sq_entries == other.sighting.sq_entries
      && sighting.cq_entries == other.sighting.cq_entries
      && sighting.flags == other.sighting.flags
      && sighting.sq_thread_tid == other.sighting.sq_thread_tid
      && sighting.submitter_tid == other.sighting.submitter_tid
      && sighting.nr_files == other.sighting.nr_files && sighting.nr_bufs == other.sighting.nr_bufs
      && textBytes(of: sighting.comm) == textBytes(of: other.sighting.comm)
      && holders == other.holders
  }

  /// True if a new `record_ring_depth` (pending entries and waiters) would repeat the last one.
  func isAsFull(as other: Self) -> Bool {
    sighting.sq_pending == other.sighting.sq_pending
      && sighting.cq_pending == other.sighting.cq_pending
      && sighting.is_overflowed == other.sighting.is_overflowed
      && sighting.waiters == other.sighting.waiters
      && sighting.waiter_tid == other.sighting.waiter_tid
      && sighting.waiter_missing == other.sighting.waiter_missing
      && sighting.sq_thread_sleeps == other.sighting.sq_thread_sleeps
      && sighting.waiter_in_iowait == other.sighting.waiter_in_iowait
      && sighting.is_polled == other.sighting.is_polled
      && sighting.eventfd == other.sighting.eventfd
      && isAsleep == other.isAsleep && sqThreadTime == other.sqThreadTime
  }

  /// True if a new `record_sq_thread` would repeat the last one.
  func isServed(as other: Self) -> Bool {
    guard let sqThread else { return true }
    return other.sqThread.map(sqThread.isSame) ?? false && sqThreadIdle == other.sqThreadIdle
  }

  /// CPU time of the SQ thread in milliseconds, modulo 2^32; 0 if unknown.
  private var sqThreadTime: UInt32 {
    UInt32(truncatingIfNeeded: (sqThread?.ran ?? 0) / 1_000_000)
  }

  /// True if the task that waits on the ring has not run for a second. For tasks that run more
  /// often, the time since they ran is not recorded, so they need no record at every scan.
  private var isAsleep: Bool { asleepMilliseconds(at: lastSeen) != 0 }

  private func asleepMilliseconds(at time: UInt64) -> UInt32 {
    let since = sighting.waiter_ran_ns
    guard sighting.waiters > 0, since != 0, time > since, time - since >= 1_000_000_000 else {
      return 0
    }
    return UInt32(clamping: (time - since) / 1_000_000)
  }

  func writeDepth(to records: inout RecordBuffer, at time: UInt64) {
    records.append(record_ring_depth.self, at: time, ring: sighting.ctx) {
      $0.sq_pending = sighting.sq_pending
      $0.cq_pending = sighting.cq_pending
      $0.is_overflowed = UInt8(truncatingIfNeeded: sighting.is_overflowed)
      $0.sq_thread =
        sighting.sq_thread_tid == 0 ? .unknown : sighting.sq_thread_sleeps != 0 ? .sleeps : .polls
      $0.waiters = sighting.waiters
      $0.waiter_tid = sighting.waiter_tid
      $0.waiter_tgid = sighting.waiter_tgid
      $0.waiter_missing = sighting.waiter_missing
      $0.waiter_asleep_ms = asleepMilliseconds(at: time)
      $0.waiter_in_iowait = UInt8(truncatingIfNeeded: sighting.waiter_in_iowait)
      $0.sq_thread_ms = sqThreadTime
      $0.is_polled = UInt8(truncatingIfNeeded: sighting.is_polled)
      $0.eventfd = RingEventfd(rawValue: UInt8(truncatingIfNeeded: sighting.eventfd)) ?? .none
    }
  }

  func writeThread(to records: inout RecordBuffer, at time: UInt64) {
    guard let sqThread else { return }
    let text = Array(sqThread.processors.utf8.prefix(512))
    records.append(record_sq_thread.self, at: time, ring: sighting.ctx, text: text) {
      $0.base.tid = sighting.sq_thread_tid
      $0.ran_ns = sqThread.ran
      $0.delayed_ns = sqThread.delayed
      $0.slept = sqThread.slept
      $0.idle_ms = sqThreadIdle
      $0.policy = sqThread.policy
      $0.nice = sqThread.nice
      $0.length = UInt32(text.count)
    }
  }

  func write(to records: inout RecordBuffer, at time: UInt64) {
    records.append(record_ring_found.self, at: time, ring: sighting.ctx) {
      $0.tgid = sighting.tgid
      $0.sq_entries = sighting.sq_entries
      $0.cq_entries = sighting.cq_entries
      $0.flags = sighting.flags
      $0.sq_thread_tid = sighting.sq_thread_tid
      $0.nr_files = sighting.nr_files
      $0.nr_bufs = sighting.nr_bufs
      $0.submitter_tid = sighting.submitter_tid
      $0.comm = sighting.comm
    }
    for holder in holders {
      records.append(record_ring_fd.self, at: time, ring: sighting.ctx) {
        $0.tgid = holder.tgid
        $0.fd = holder.fd
      }
    }
  }
}
