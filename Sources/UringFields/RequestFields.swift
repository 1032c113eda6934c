import UringRecordings
import UringTrace

extension FieldSet<Request> {
  /// The fields of requests, in flight or ended.
  public static let requests = FieldSet(
    "requests",
    [
      Field("id", title: "ID", .number, meaning: "uringtop's number of the request.") {
        request, _ in .number(request.id)
      },
      Field("ring", title: "RING", .number, meaning: "uringtop's number of the request's ring.") {
        request, _ in .number(UInt64(request.ring))
      },
      Field(
        "user_data", title: "USER_DATA", .address,
        meaning: "What the program put into the SQE to recognise the CQE."
      ) { request, _ in request.isUserDataKnown ? .number(request.userData) : .none },
      Field(
        "opcode", title: "OPCODE", .text, aliases: ["op"], choices: Opcode.all.map(\.name),
        meaning: "The operation, without IORING_OP_."
      ) { request, _ in .text(request.opcode.name) },
      Field(
        "state", title: "STATE", .text, choices: Request.State.allCases.map(\.name),
        meaning: "How far the request is; the help on the screen explains each state."
      ) { request, _ in .text(request.state.name) },
      Field(
        "age", title: "AGE", .duration,
        meaning: "Time since the submission; of an ended request, until its end."
      ) { request, snapshot in .number(request.age(at: snapshot.time)) },
      Field(
        "start", title: "START", .time,
        meaning: "When the request was submitted, or first seen; CLOCK_MONOTONIC."
      ) { request, _ in .number(request.startTime) },
      Field("result", title: "RESULT", .result, meaning: "The result of the last CQE that had one.")
      {
        request, _ in request.hasResult ? .optional(request.result) : .none
      },
      Field(
        "cqe_flags", title: "CQE_FLAGS", .words,
        meaning: "The flags of that CQE, without IORING_CQE_F_."
      ) { request, _ in .words(CQEFlags(rawValue: request.cqeFlags).names) },
      Field("cqes", title: "CQES", .number, meaning: "CQEs posted so far.") {
        request, _ in .number(UInt64(request.cqeCount))
      },
      Field(
        "file", title: "FILE", .text,
        meaning: "The name of the request's file; absent if not known."
      ) { request, snapshot in .unlessEmpty(snapshot.fileNames.name(of: request)) },
      Field("fd", title: "FD", .number, meaning: "The descriptor in the SQE.") { request, _ in
        if case .descriptor(let number)? = request.file { .optional(number) } else { .none }
      },
      Field(
        "fixed_file", title: "FIXED", .number,
        meaning: "The index of the registered file in the SQE."
      ) { request, _ in
        if case .fixed(let index)? = request.file { .number(UInt64(index)) } else { .none }
      },
      Field("off", title: "OFFSET", .bytes, aliases: ["offset"], meaning: "The offset in the file.")
      {
        request, _ in .optional(request.offset)
      },
      Field(
        "len", title: "LEN", .bytes, aliases: ["length"],
        meaning: "Bytes to transfer; of vectored transfers, the number of vectors."
      ) { request, _ in
        .optional(request.length?.number)
      },
      Field(
        "sqe_flags", title: "FLAGS", .words, aliases: ["flags"],
        meaning: "The flags of the SQE, without IOSQE_."
      ) { request, _ in .words(request.sqeFlags.names) },
      Field("pid", title: "PID", .number, meaning: "The process that submitted the request.") {
        request, _ in .unlessZero(request.submitterTgid)
      },
      Field("tid", title: "TID", .number, meaning: "The thread that submitted the request.") {
        request, _ in .unlessZero(request.submitterTid)
      },
      Field(
        "comm", title: "COMMAND", .text, aliases: ["command"],
        meaning: "The name of the process that submitted the request."
      ) { request, snapshot in .unlessEmpty(snapshot.taskNames[request.submitterTgid]) },
      Field(
        "sq_thread", title: "SQPOLL", .flag, meaning: "Whether the ring's SQ thread submitted it."
      ) { request, _ in .flag(request.isSubmittedBySQThread) },
      Field(
        "place", title: "PLACE", .text,
        meaning: "The list of the kernel in which the last look found the request in flight."
      ) { request, _ in
        request.state.isFinal ? .none : .unlessEmpty(JSONNames.place(request.place))
      },
      Field(
        "worker_tid", title: "WORKER", .number,
        meaning: "The io-wq thread that executed the request at the last look."
      ) { request, _ in
        !request.state.isFinal && request.place == .workerRunning
          ? .unlessZero(request.workerTid) : .none
      },
      Field(
        "chain", title: "CHAIN", .number, meaning: "uringtop's number of the request's link chain."
      ) { request, _ in .unlessZero(request.chain) },
      Field(
        "group", title: "GROUP", .number,
        meaning: "uringtop's number of the group whose leader or member the request is."
      ) { request, _ in .unlessZero(request.group) },
      Field(
        "suspect", title: "SUSPECT", .flag,
        meaning: "Whether records were lost since its last event, so that it may have ended."
      ) { request, _ in .flag(request.isSuspect) },
    ])
}

extension Request {
  /// Offset in the file, for opcodes whose `off` is an offset; nil for others and for "the file's own position" (-1).
  public var offset: UInt64? {
    guard knows(.off), opcode.properties.off?.name == "offset", sqe.off != .max else { return nil }
    return sqe.off
  }

  /// The number in `len`, and its unit if that is not bytes.
  public var length: (number: UInt64, unit: String)? {
    guard knows(.len) else { return nil }
    let number = UInt64(sqe.len)
    return switch opcode.length {
    case .bytes: (number, "")
    case .vectors: (number, "v")
    case .none, .other: nil
    }
  }
}
