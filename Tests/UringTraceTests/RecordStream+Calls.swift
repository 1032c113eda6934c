import CRecord
import UringTrace

/// Functions that add records of system calls, and records that explain the failures of system
/// calls.
extension RecordStream {
  mutating func callsWatched() {
    var body = record_calls_watched()
    add(&body, \.base, .callsWatched, 0, ring: 0)
  }

  /// Adds a record of `count` equal system calls of the current thread. The time of the last call
  /// is now.
  mutating func calls(
    _ call: RingCall, ring: UInt64 = 0, result: Int32, count: UInt64 = 1, flags: UInt32 = 0,
    argument: UInt32 = 8, minimum: UInt32 = 0, tgid: UInt32 = 10, isEntered: Bool = true,
    isFiltered: Bool = false
  ) {
    var body = record_system_calls()
    body.call = call
    body.result = result
    body.count = count
    (body.first_ns, body.last_ns) = (time, time)
    body.tgid = tgid
    body.argument = argument
    body.minimum = minimum
    body.call_flags = flags
    body.entered = isEntered ? 1 : 0
    body.filters = isFiltered ? 1 : 0
    add(&body, \.base, .systemCalls, 0, ring: ring)
  }

  mutating func limits(tgid: UInt32 = 10, locked: UInt64 = .max, disabled: Int32 = -1) {
    var body = record_process_limits()
    body.tgid = tgid
    body.locked = locked
    body.files = .max
    body.disabled = disabled
    body.group = -1
    add(&body, \.base, .processLimits, 0, ring: 0)
  }

  mutating func lastTaken(
    _ opcode: String, userData: UInt64, count: UInt32, result: Int32?, ring: UInt64 = 1
  ) {
    var body = record_last_taken()
    body.sqe.opcode = op(opcode).rawValue
    body.sqe.user_data = userData
    body.count = count
    body.has_cqe = result == nil ? 0 : 1
    body.res = result ?? 0
    add(&body, \.base, .lastTaken, 0, ring: ring)
  }

  mutating func unsubmitted(_ opcode: String, userData: UInt64, ring: UInt64 = 1) {
    var body = record_unsubmitted()
    body.sqe.opcode = op(opcode).rawValue
    body.sqe.user_data = userData
    add(&body, \.base, .unsubmitted, 0, ring: ring)
  }

  mutating func localWorkRun(_ ring: UInt64 = 1) {
    var body = record_local_work_run()
    body.count = 1
    add(&body, \.base, .localWorkRun, 0, ring: ring)
  }
}
