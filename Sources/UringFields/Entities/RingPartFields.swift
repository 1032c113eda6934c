import UringRecordings
import UringTrace

extension FieldSet<Rates> {
  public static let rates = FieldSet(
    "rates",
    [
      rate("submitted", "Requests submitted") { $0.submitted },
      rate("completed", "Requests completed") { $0.completed },
      rate("errors", "Requests that ended with an error") { $0.errors },
      rate("bytes_read", "Bytes read") { $0.bytesRead },
      rate("bytes_written", "Bytes written") { $0.bytesWritten },
    ])

  private static func rate(
    _ key: String, _ meaning: String, _ rate: @escaping @Sendable (Rates) -> Double
  ) -> Field<Rates> {
    Field(key, .rate, meaning: "\(meaning), per second.") { rates, _ in .decimal(rate(rates)) }
  }
}

extension FieldSet<Ring> {
  /// The fields of a ring's SQ thread: its scheduling and its work.
  static let sqThreadSetups = FieldSet(
    "SQ thread setups",
    [
      Field(
        "idle_ms", .number, .nullable,
        meaning:
          "The ring's sq_thread_idle in milliseconds, in whole kernel ticks; null if unknown."
      ) { ring, _ in .integer(ring.sqThreadSetup?.idle) },
      Field(
        "policy", .number, meaning: "Scheduling policy of the SQ thread: `SCHED_*`, as a number."
      ) { ring, _ in
        .integer(ring.sqThreadSetup?.policy)
      },
      Field("nice", .number, meaning: "Nice value of the SQ thread.") { ring, _ in
        .integer(ring.sqThreadSetup?.nice)
      },
      Field(
        "processors", .text, meaning: "Processors on which the SQ thread may run, such as `0-3`."
      ) { ring, _ in
        .text(ring.sqThreadSetup?.processors ?? "")
      },
      Field(
        "delayed", .duration,
        meaning:
          "Time for which the SQ thread was runnable but had no processor, since the first scan."
      ) { ring, _ in .number(ring.sqThreadWork.delayed) },
      Field(
        "sleeps", .number, meaning: "Times that the SQ thread went to sleep since the first scan."
      ) {
        ring, _ in .number(ring.sqThreadWork.slept)
      },
    ])
}

extension FieldSet<Ring.Waiter> {
  static let waiters = FieldSet(
    "waiters",
    [
      Field("tid", .number, meaning: "Id of the first thread that waits in `io_uring_enter`.") {
        waiter, _ in
        .integer(waiter.tid)
      },
      Field("pid", .number, meaning: "Process of the first thread that waits in `io_uring_enter`.")
      { waiter, _ in .integer(waiter.tgid) },
      Field("waiters", .number, meaning: "Number of threads that wait in `io_uring_enter`.") {
        waiter, _ in
        .integer(waiter.count)
      },
      Field(
        "missing", .number,
        meaning: "CQEs that must still arrive before the first waiting thread can continue."
      ) { waiter, _ in
        .integer(waiter.missing)
      },
      Field(
        "min_events", .number, .nullable,
        meaning: """
          Number of CQEs that the first waiting thread asked for; null if not known, because the \
          wait began before the observation, or because another thread began to wait later.
          """
      ) { waiter, _ in .integer(waiter.minEvents) },
      Field(
        "since", .time, .nullable,
        meaning: """
          Time at which the first waiting thread began to wait; null if not known, because the \
          wait began before the observation, or because another thread began to wait later.
          """
      ) { waiter, _ in .integer(waiter.since) },
      Field(
        "asleep_since", .time, .nullable,
        meaning: """
          Time since which the first waiting thread has not run: it has waited at least since \
          then. Null if it ran in the second before the scan.
          """
      ) { waiter, _ in .integer(waiter.asleepSince) },
      Field(
        "in_iowait", .flag,
        meaning:
          "True if the kernel counts the idle time of the first waiting thread's processor as iowait."
      ) { waiter, _ in .flag(waiter.isInIOWait) },
    ])
}

extension FieldSet<Ring.Balance> {
  static let balances = FieldSet(
    "balances",
    [
      Field("time", .time, meaning: "Time at which the ring's outstanding requests were counted.") {
        balance, _ in
        .number(balance.time)
      },
      Field(
        "method", .text, choices: ["allocated", "references", "sequence", "unknown"],
        meaning:
          "How outstanding requests were counted: `allocated` is exact; `references` (up to 6.12) can be wrong for a moment; `sequence` is an estimate; `unknown`: the kernel's lists changed during the count."
      ) { balance, _ in .name(JSONNames.method(balance.method)) },
      Field(
        "outstanding", .number, .nullable,
        meaning: "Outstanding requests: those that have not ended, by the ring's own counters."
      ) { balance, _ in balance.method == .unknown ? .none : .number(balance.outstanding) },
      Field(
        "accounted", .number,
        meaning: "Outstanding requests that uringtop knows, from events or inventories."
      ) { balance, _ in
        .number(balance.accounted)
      },
      Field(
        "unaccounted", .number, .nullable,
        meaning: """
          Outstanding requests that uringtop does not know. They are older than the observation \
          and on no list of io_uring, so the block layer, a driver or the network stack holds \
          them.
          """
      ) { balance, _ in balance.method == .unknown ? .none : .number(balance.unaccounted) },
      Field(
        "reached", .number, meaning: "Requests that the last inventory found on the kernel's lists."
      ) {
        balance, _ in .integer(balance.reached)
      },
    ])
}

extension FieldSet<Ring.TakenSQE> {
  static let takenSQEs = FieldSet(
    "taken SQEs",
    [
      Field(
        "count", .number,
        meaning: "SQEs that the kernel has taken since the ring was created, modulo 2^32."
      ) {
        taken, _ in .integer(taken.count)
      },
      Field("user_data", .address, meaning: "user_data of the SQE that the kernel took last.") {
        taken, _ in
        .number(taken.sqe.user_data)
      },
      Field("opcode", .text, meaning: "Opcode of the SQE that the kernel took last.") { taken, _ in
        .text(Opcode(rawValue: taken.sqe.opcode).name)
      },
      Field(
        "result", .result, .nullable,
        meaning: """
          Result of the newest CQE in the ring's memory that has the same user_data as the SQE \
          that the kernel took last.
          """
      ) { taken, _ in .integer(taken.result) },
      .errno { $0.result },
    ])
}

extension FieldSet<Ring.Descriptor> {
  static let holders = FieldSet(
    "holders",
    [
      Field("pid", .number, meaning: "Id of the process that has the descriptor.") {
        descriptor, _ in .integer(descriptor.tgid)
      },
      Field(
        "fd", .number, .nullable,
        meaning: "The descriptor; null if the process has only a registered index of the ring."
      ) { descriptor, _ in descriptor.fd < 0 ? .none : .integer(descriptor.fd) },
    ])
}

extension FieldSet<Ring.ErrnoCount> {
  static let errnos = FieldSet(
    "errnos",
    [
      Field("errno", .text, meaning: "Name of the errno; `other` for all errnos not listed.") {
        error, _ in
        .text(error.errno == 0 ? "other" : ErrorNumber(rawValue: error.errno).name)
      },
      Field("count", .number, meaning: "Requests that ended with this errno.") { error, _ in
        .number(error.count)
      },
    ])
}

/// A registered file, and the requests in flight that name it.
public struct RingFile: Sendable {
  public var ring: Ring.ID
  public var file: Ring.RegisteredFile
  public var users: [Request.ID]

  /// The registered files of a ring, by index.
  public static func all(of ring: Ring, in snapshot: Snapshot) -> [RingFile] {
    guard !ring.files.isEmpty else { return [] }
    var users: [UInt32: [Request.ID]] = [:]
    for request in snapshot.requests where request.ring == ring.id {
      if case .fixed(let index)? = request.file { users[index, default: []].append(request.id) }
    }
    return ring.files.map { RingFile(ring: ring.id, file: $0, users: users[$0.index] ?? []) }
  }
}

extension FieldSet<RingFile> {
  /// The fields of registered files.
  public static let files = FieldSet(
    "registered files",
    [
      Field("index", .number, meaning: "Slot of the file in the ring's table of registered files.")
      { file, _ in
        .integer(file.file.index)
      },
      Field("name", .text, .nullable, meaning: "Name of the registered file.") { file, snapshot in
        .unlessEmpty(snapshot.fileNames.name(of: file.file, ring: file.ring))
      },
      Field(
        "references", .number, .nullable,
        meaning: """
          References that requests hold to the registered file; null up to Linux 6.12, which does \
          not count them for each file.
          """
      ) { file, _ in .integer(file.file.references) },
      Field(
        "tag", .address, .nullable,
        meaning:
          "Tag given at registration: the user_data of the CQE that is posted when the kernel releases the file."
      ) {
        file, _ in .unlessZero(file.file.tag)
      },
      Field("requests", .numbers, meaning: "Requests in flight that name the registered file.") {
        file, _ in
        .numbers(file.users)
      },
    ])
}

extension FieldSet<SQE> {
  static let unsubmitted = FieldSet(
    "SQEs",
    [
      Field("user_data", .address, meaning: "The SQE's user_data.") { sqe, _ in
        .number(sqe.user_data)
      },
      Field("opcode", .text, meaning: "The SQE's opcode.") { sqe, _ in
        .text(Opcode(rawValue: sqe.opcode).name)
      },
      Field("sqe_flags", .words, meaning: "The SQE's flags, without IOSQE_.") { sqe, _ in
        .words(SQEFlags(rawValue: sqe.flags).names)
      },
      Field("ioprio", .number, meaning: "The SQE's `ioprio`.") { sqe, _ in .integer(sqe.ioprio) },
      Field("fd", .number, .nullable, meaning: "The descriptor in the SQE.") { sqe, _ in
        SQEFlags(rawValue: sqe.flags).contains(.fixedFile) ? .none : .integer(sqe.fd)
      },
      Field(
        "fixed_file", .number, .nullable,
        meaning: "The index of the registered file in the SQE."
      ) {
        sqe, _ in SQEFlags(rawValue: sqe.flags).contains(.fixedFile) ? .integer(sqe.fd) : .none
      },
    ],
    parts: [
      .other(Part<Request>.sqe.members.filter { $0.name != "ioprio" }) { sqe, _, json in
        SQEFields.writeBody(sqe, to: &json)
      }
    ])
}

/// The fields of a CQE in a queue.
private func cqe<Entity>(
  _ parts: @escaping @Sendable (Entity) -> (userData: UInt64, result: Int32, flags: UInt32)
) -> [Field<Entity>] {
  [
    Field("user_data", .address, meaning: "The CQE's user_data.") { cqe, _ in
      .number(parts(cqe).userData)
    },
    Field("result", .result, meaning: "The CQE's result.") { cqe, _ in
      .integer(parts(cqe).result)
    },
    .errno { parts($0).result },
    Field("cqe_flags", .words, meaning: "The CQE's flags, without IORING_CQE_F_.") { cqe, _ in
      .words(CQEFlags(rawValue: parts(cqe).flags).names)
    },
  ]
}

extension FieldSet<Ring.UnreapedCQE> {
  static let unreaped = FieldSet(
    "unreaped CQEs",
    cqe { ($0.userData, $0.result, $0.flags) } + [
      Field("overflowed", .flag, meaning: "True if the CQE is in the kernel's overflow list.") {
        cqe, _ in .flag(cqe.isOverflowed)
      }
    ])
}

extension FieldSet<Ring.ReapedCQE> {
  static let reaped = FieldSet(
    "reaped CQEs",
    cqe { ($0.userData, $0.result, $0.flags) } + [
      Field(
        "opcode", .text, .nullable,
        meaning: "Opcode of the newest SQE in the ring's memory with the CQE's user_data."
      ) { cqe, _ in .unlessEmpty(cqe.sqe.map { Opcode(rawValue: $0.opcode).name }) }
    ])
}

extension FieldSet<ReapLag> {
  static let reapLags = FieldSet(
    "reap lags",
    [
      Field(
        "first_unread", .time,
        meaning: "Time of the first sample that found CQEs in the queue."
      ) {
        lag, _ in
        .number(lag.firstUnread)
      },
      Field("last_unread", .time, meaning: "Time of the last sample that found these CQEs.") {
        lag, _ in
        .number(lag.lastUnread)
      },
      Field(
        "taken", .time, .nullable,
        meaning: "Time of the sample that found these CQEs taken; null if none did."
      ) {
        lag, _ in .unlessZero(lag.taken)
      },
      Field("user_data", .address, meaning: "The user_data of the oldest of these CQEs.") {
        lag, _ in
        .number(lag.userData)
      },
      Field("count", .number, meaning: "Number of CQEs that waited.") { lag, _ in
        .integer(lag.count)
      },
      Field("tid", .number, .nullable, meaning: "Thread that takes the CQEs; null if unknown.") {
        lag, _ in .unlessZero(lag.tid)
      },
      Field(
        "call", .text, .nullable,
        meaning: "System call that blocked this thread meanwhile; null if none or unknown."
      ) { lag, _ in
        .unlessEmpty(lag.call)
      },
    ])
}

extension FieldSet<Ring.FailedRegistration> {
  static let failedRegistrations = FieldSet(
    "failed registrations",
    [
      Field("register_name", .text, meaning: "Opcode of the calls, without IORING_REGISTER_.") {
        failure, _ in .text(failure.opcode.name)
      },
      Field("result", .result, meaning: "Negative errno of the failed calls.") { failure, _ in
        .integer(failure.result)
      },
      .errno("Name of the errno with which the calls failed.") { $0.result },
      Field("pid", .number, meaning: "Process that made the last of these calls.") { failure, _ in
        .integer(failure.tgid)
      },
      Field("tid", .number, meaning: "Thread that made the last of these calls.") { failure, _ in
        .integer(failure.tid)
      },
      Field("count", .number, meaning: "Number of failed calls with this opcode and result.") {
        failure, _ in
        .number(failure.count)
      },
      Field("time", .time, meaning: "Time of the last failed call.") { failure, _ in
        .number(failure.time)
      },
    ])
}
