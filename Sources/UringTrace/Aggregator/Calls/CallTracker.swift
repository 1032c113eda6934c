import CRecord

/// System calls of io_uring, and the limits of the processes that make them.
struct CallTracker {
  private struct Key: Hashable {
    var ring: UInt64
    var tid: UInt32
    var result: Int32
    /// Flags of `io_uring_setup`, or opcode of `io_uring_register`; 0 for `io_uring_enter`.
    var detail: UInt32
    var call: UInt8
    var isEntered: Bool
  }

  /// Time at which the recording of system calls began; 0 if they are not recorded.
  private var watchedSince: UInt64 = 0
  private var calls = BoundedCache<Key, SystemCalls>(limit: 1 << 12)
  private var limits = BoundedCache<UInt32, ProcessLimits>(limit: 1 << 12)

  mutating func watched(since time: UInt64) { watchedSince = max(time, 1) }

  mutating func note(_ record: UnsafePointer<record_system_calls>, ring: Ring.ID?) {
    guard let noted = SystemCalls(record, ring: ring) else { return }
    let detail: UInt32 =
      switch noted.call {
      case .setup: noted.flags
      case .register: noted.argument
      case .enter: 0
      }
    let key = Key(
      ring: record.pointee.base.ctx, tid: noted.tid, result: noted.result, detail: detail,
      call: record.pointee.call.rawValue, isEntered: noted.isEntered)
    calls[key] = noted
  }

  mutating func note(_ record: UnsafePointer<record_process_limits>) {
    limits[record.pointee.tgid] = ProcessLimits(record)
  }

  /// Adds the calls, in the order of their first occurrence, and the process limits to a snapshot.
  func describe(_ snapshot: inout Snapshot) {
    snapshot.callsWatchedSince = watchedSince == 0 ? nil : watchedSince
    snapshot.systemCalls = calls.entries.values.sorted {
      ($0.firstTime, $0.tid, $0.result) < ($1.firstTime, $1.tid, $1.result)
    }
    snapshot.processLimits = limits.entries
  }
}
