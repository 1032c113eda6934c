import CRecord

/// All calls of one io_uring system call by one thread, on one ring and with one result, since the
/// recording of system calls began.
public struct SystemCalls: Sendable, Hashable {
  public enum Call: String, Sendable, Hashable {
    case setup = "io_uring_setup"
    case enter = "io_uring_enter"
    case register = "io_uring_register"
  }

  public var call: Call
  public var tid: UInt32
  public var tgid: UInt32
  /// The ring; nil for `io_uring_setup`, and for calls that reached no ring or a ring that is not
  /// observed.
  public var ring: Ring.ID?
  /// The calls' negative errno; 0 for all calls that succeeded.
  public var result: Int32
  /// The error of a failed call.
  public var error: ErrorNumber? { ErrorNumber(result: result) }
  /// True for failures of `io_uring_enter` in normal operation: a signal (EINTR), no memory or
  /// nothing to wait for (EAGAIN), or a timeout (ETIME).
  public var isExpectedFailure: Bool {
    call == .enter && (error == .interrupted || error == .again || error == .timer)
  }
  public var count: UInt64
  /// Times at which the first and the last of the calls returned; nanoseconds, CLOCK_MONOTONIC.
  public var firstTime: UInt64
  public var lastTime: UInt64
  /// Time at which the last `io_uring_enter` with IORING_ENTER_GETEVENTS returned; 0 if there was
  /// none.
  public var getEventsTime: UInt64
  /// SQEs that the kernel took in all these calls.
  public var sqes: UInt64
  /// The last call's descriptor of the ring, or index among registered rings; nil for
  /// `io_uring_setup`.
  public var fd: Int32?
  /// Argument of the last call: `entries` of `io_uring_setup`, `to_submit` of `io_uring_enter`, or
  /// the `IORING_REGISTER_*` opcode of `io_uring_register`.
  public var argument: UInt32
  /// Argument of the last call: `cq_entries` of `io_uring_setup`, `min_complete` of
  /// `io_uring_enter`, or `nr_args` of `io_uring_register`.
  public var minimum: UInt32
  /// Flags of the last call: `IORING_SETUP_*` or `IORING_ENTER_*`.
  public var flags: UInt32
  /// False if the calls were refused before they reached io_uring.
  public var isEntered: Bool
  /// True if a seccomp filter applies to the thread.
  public var isFiltered: Bool

  init?(_ record: UnsafePointer<record_system_calls>, ring: Ring.ID?) {
    switch record.pointee.call {
    case .setup: call = .setup
    case .enter: call = .enter
    case .register: call = .register
    default: return nil
    }
    (tid, tgid) = (record.pointee.base.tid, record.pointee.tgid)
    self.ring = ring
    result = record.pointee.result
    count = record.pointee.count
    (firstTime, lastTime) = (record.pointee.first_ns, record.pointee.last_ns)
    getEventsTime = record.pointee.getevents_ns
    sqes = record.pointee.sqes
    fd = record.pointee.fd < 0 ? nil : record.pointee.fd
    (argument, minimum) = (record.pointee.argument, record.pointee.minimum)
    flags = record.pointee.call_flags
    isEntered = record.pointee.entered != 0
    isFiltered = record.pointee.filters != 0
  }
}

/// Limits of a process that affect io_uring.
public struct ProcessLimits: Sendable, Hashable {
  /// RLIMIT_MEMLOCK in bytes; nil if it is unlimited or does not apply (CAP_IPC_LOCK).
  public var lockedBytes: UInt64?
  /// RLIMIT_NOFILE; nil if it is unlimited.
  public var files: UInt64?
  /// `kernel.io_uring_disabled`; nil if the kernel lacks it (before 6.6).
  public var disabled: Int32?
  /// `kernel.io_uring_group`; nil if no group is set.
  public var group: Int32?

  init(_ record: UnsafePointer<record_process_limits>) {
    let locked = record.pointee.locked
    lockedBytes = locked == .max || record.pointee.ignores_lock != 0 ? nil : locked
    files = record.pointee.files == .max ? nil : record.pointee.files
    disabled = record.pointee.disabled < 0 ? nil : record.pointee.disabled
    group = record.pointee.group < 0 ? nil : record.pointee.group
  }
}

extension Ring {
  /// The SQE that the kernel took last, according to the ring's memory.
  public struct TakenSQE: Sendable {
    public var sqe: SQE
    /// SQEs taken since the ring was created, modulo 2^32.
    public var count: UInt32
    /// Result of the newest CQE in the ring's memory that has the SQE's `user_data`; nil if there
    /// is none.
    public var result: Int32?
  }

  /// Failed `io_uring_register` calls with the same opcode and result. A later successful call with
  /// the same opcode or resource removes them.
  public struct FailedRegistration: Sendable, Hashable {
    public var opcode: RegisterOpcode
    public var result: Int32
    public var tid: UInt32
    public var tgid: UInt32
    public var count: UInt64
    /// Time of the last failed call; nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64
  }
}
