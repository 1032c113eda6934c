import BPFObjects
import CBPF
import CProbe
import CRecord
import Glibc
import Synchronization
import UringBase
import UringRecords

/// The BPF programs that count io_uring's system calls.
///
/// While they are attached, every system call on the machine takes about 60 ns longer.
final class SystemCallObject: Sendable {
  private struct State: ~Copyable {
    var object: BPFObject
    /// Counts that the last record of each key reported.
    var written: [Key: UInt64] = [:]
  }

  private struct Key: Hashable {
    var words: [UInt32]

    init(_ key: probe_call_key) {
      words = withUnsafeBytes(of: key) { Array($0.bindMemory(to: UInt32.self)) }
    }
  }

  private let state: Mutex<State>

  /// Programs and their tracepoints in the group `syscalls` of tracefs, in the order of attachment.
  private static let programs = [
    ("setup_returns", "sys_exit_io_uring_setup"), ("setup_enters", "sys_enter_io_uring_setup"),
    ("enter_returns", "sys_exit_io_uring_enter"),
    ("register_returns", "sys_exit_io_uring_register"),
  ]

  init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject
  ) throws(ProbeError) {
    var object = try BPFObject(.calls, kernel.relocationTypes)
    try object.configure(configuration)
    try object.share(
      CaptureObject.verdictMap, descriptor: capture.mapDescriptor(CaptureObject.verdictMap))
    try object.load(on: kernel)
    let tracefs = try Tracefs()
    for (program, tracepoint) in Self.programs {
      try object.attach(program, toSystemCall: tracepoint, in: tracefs)
    }
    state = Mutex(State(object: object))
  }

  /// Appends a record for each count that has changed since the last read.
  func read(into records: inout RecordBuffer) {
    let now = MonotonicClock.now()
    state.withLock { state in
      let map = state.object.mapDescriptor("calls")
      var key = probe_call_key()
      var calls = probe_calls()
      // If the kernel evicts the current key, get_next_key starts again at the first key.
      // `remaining` limits such restarts.
      var remaining = 4 * Int(PROBE_CALLS)
      var isFirst = true
      while remaining > 0 {
        var next = probe_call_key()
        let result =
          isFirst
          ? bpf_map_get_next_key(map, nil, &next) : bpf_map_get_next_key(map, &key, &next)
        guard result == 0 else { return }
        (key, isFirst) = (next, false)
        remaining -= 1
        guard bpf_map_lookup_elem(map, &key, &calls) == 0 else { continue }
        let known = Key(key)
        guard state.written[known] != calls.count else { continue }
        if state.written.count > 2 * Int(PROBE_CALLS) { state.written = [:] }
        state.written[known] = calls.count
        Self.write(key, calls, at: now, into: &records)
      }
    }
  }

  private static func write(
    _ key: probe_call_key, _ calls: probe_calls, at time: UInt64, into records: inout RecordBuffer
  ) {
    records.append(record_system_calls.self, at: time, ring: key.ctx) {
      $0.base.tid = key.tid
      $0.count = calls.count
      $0.first_ns = calls.first_ns
      $0.last_ns = calls.last_ns
      $0.getevents_ns = calls.getevents_ns
      $0.sqes = calls.sqes
      $0.tgid = calls.tgid
      $0.result = key.result
      $0.fd = calls.fd
      $0.argument = calls.argument
      $0.minimum = calls.minimum
      $0.call_flags = calls.flags
      $0.call = RingCall(rawValue: key.call)!
      $0.entered = key.entered
      $0.filters = UInt8(truncatingIfNeeded: calls.filters)
    }
  }
}

extension RecordBuffer {
  /// Threads, with their processes, for which the buffer has a record of failed system calls.
  var failedCallers: [(tid: UInt32, tgid: UInt32)] {
    var callers: [(tid: UInt32, tgid: UInt32)] = []
    withEachRecord { record in
      guard record.pointee.kind == .systemCalls else { return }
      let calls = UnsafeRawPointer(record).load(as: record_system_calls.self)
      if calls.result < 0 { callers.append((record.pointee.tid, calls.tgid)) }
    }
    return callers
  }
}
