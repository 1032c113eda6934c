import UringTrace

extension FieldSet<SystemCalls> {
  /// The fields of system calls of io_uring, counted by thread, ring and result.
  public static let systemCalls = FieldSet(
    "system calls",
    [
      Field(
        "call", .text,
        meaning: "The system call: `io_uring_setup`, `io_uring_enter` or `io_uring_register`."
      ) { calls, _ in .text(calls.call.rawValue) },
      Field("pid", .number, meaning: "Id of the process that made the calls.") { calls, _ in
        .integer(calls.tgid)
      },
      Field("tid", .number, meaning: "Id of the thread that made the calls.") { calls, _ in
        .integer(calls.tid)
      },
      Field(
        "ring", .number, .nullable,
        meaning: "Id of the ring; null for `io_uring_setup`, and if the calls reached no ring."
      ) { calls, _ in .integer(calls.ring) },
      Field(
        "fd", .number, .nullable,
        meaning:
          "The ring's descriptor, or its index among registered rings; null for `io_uring_setup`."
      ) {
        calls, _ in .integer(calls.fd)
      },
      Field(
        "result", .result,
        meaning: "Result of the calls: a negative errno, or 0 for all calls that succeeded."
      ) {
        calls, _ in .integer(calls.result)
      },
      .errno("Name of the errno with which the calls failed.") { $0.result },
      Field(
        "count", .number, total: .sum,
        meaning: "Number of calls by the same thread, on the same ring, with the same result."
      ) { calls, _ in
        .number(calls.count)
      },
      Field("first", .time, meaning: "Time at which the first call returned.") { calls, _ in
        .number(calls.firstTime)
      },
      Field("last", .time, meaning: "Time at which the last call returned.") { calls, _ in
        .number(calls.lastTime)
      },
      Field(
        "getevents", .time, .nullable,
        meaning: "Time at which the last `io_uring_enter` with IORING_ENTER_GETEVENTS returned."
      ) { calls, _ in .unlessZero(calls.getEventsTime) },
      Field(
        "sqes", .number, total: .sum, meaning: "SQEs that the kernel took, in all calls together."
      ) {
        calls, _ in
        .number(calls.sqes)
      },
      Field(
        "argument", .number,
        meaning:
          "Argument of the last call: `entries` of `io_uring_setup`, `to_submit` of `io_uring_enter`, or the opcode of `io_uring_register`."
      ) { calls, _ in .integer(calls.argument) },
      Field(
        "minimum", .number,
        meaning:
          "Argument of the last call: `cq_entries` of `io_uring_setup`, `min_complete` of `io_uring_enter`, or `nr_args` of `io_uring_register`."
      ) { calls, _ in .integer(calls.minimum) },
      Field(
        "flags", .number,
        meaning: "Flags of the last call: IORING_SETUP_* or IORING_ENTER_*, as a number."
      ) { calls, _ in .integer(calls.flags) },
      Field(
        "entered", .flag, meaning: "False if the calls were refused before they reached io_uring."
      ) {
        calls, _ in .flag(calls.isEntered)
      },
      Field("seccomp_filter", .flag, meaning: "True if a seccomp filter applies to the thread.") {
        calls, _ in .flag(calls.isFiltered)
      },
    ])
}

extension FieldSet<(tgid: UInt32, limits: ProcessLimits)> {
  static let processLimits = FieldSet(
    "process limits",
    [
      Field("pid", .number, meaning: "Id of the process.") { process, _ in .integer(process.tgid) },
      Field(
        "memlock_bytes", .bytes, .nullable,
        meaning: "RLIMIT_MEMLOCK; null if it is unlimited or does not apply."
      ) { process, _ in .integer(process.limits.lockedBytes) },
      Field("nofile", .number, .nullable, meaning: "RLIMIT_NOFILE; null if unlimited.") {
        process, _ in
        .integer(process.limits.files)
      },
      Field(
        "io_uring_disabled", .number, .nullable, meaning: "The sysctl `kernel.io_uring_disabled`."
      ) { process, _ in .integer(process.limits.disabled) },
      Field("io_uring_group", .number, .nullable, meaning: "The sysctl `kernel.io_uring_group`.") {
        process, _ in .integer(process.limits.group)
      },
    ])
}
