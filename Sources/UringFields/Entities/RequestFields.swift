import UringRecordings
import UringTrace

extension FieldSet<Request> {
  /// The fields of requests, in flight or ended.
  public static let requests = FieldSet("requests", fields, parts: parts)

  private static var fields: [Field<Request>] {
    identity + progress + file + submission + outcome
  }

  private static var identity: [Field<Request>] {
    [
      Field("id", .number, meaning: "Id that uringtop gives the request.") { request, _ in
        .number(request.id)
      },
      Field("ring", .number, meaning: "Id of the request's ring.") { request, _ in
        .integer(request.ring)
      },
      Field(
        "user_data", .address, .nullable,
        meaning:
          "The SQE's user_data, which the CQE repeats; null until an event shows it."
      ) { request, _ in request.isUserDataKnown ? .number(request.userData) : .none },
      Field(
        "opcode", .text, aliases: ["op"],
        choices: (UInt8.min...UInt8.max).map { Opcode(rawValue: $0).name },
        meaning: "The operation, without IORING_OP_; `OP_77` if it has no name."
      ) { request, _ in .text(request.opcode.name) },
      Field(
        "chain", .number, .nullable,
        meaning: "Id of the chain of linked requests that the request is in."
      ) { request, _ in .unlessZero(request.chain) },
      Field(
        "group", .number, .nullable,
        meaning: """
          Id of the group (a lent buffer and the requests that use it) whose buffer the request \
          uses. If it uses none, the group whose buffer it made available.
          """
      ) { request, _ in .unlessZero(request.group) },
      Field("address", .address, meaning: "The address of the kernel's `io_kiocb`.") { request, _ in
        .number(request.address)
      },
    ]
  }

  /// True if the submission was not seen. The actual age is then greater than the field's value.
  @Sendable
  private static func hasUnseenStart(_ request: Request) -> Bool { !request.isStartKnown }

  private static var progress: [Field<Request>] {
    [
      Field(
        "state", .text, choices: Request.State.allCases.map(\.name),
        meaning:
          "The stage that the request has reached. Ended requests are `completed`, `overflowed`, `skipped`, or `ended` if no event showed how."
      ) { request, _ in .text(request.state.name) },
      Field(
        "age", .duration, isBound: hasUnseenStart,
        meaning: """
          Time since the submission; for an ended request, time from the submission to the end. If \
          the submission was not seen (`start_known` is no), the request is at least this old.
          """
      ) { request, snapshot in .number(request.age(at: snapshot.time)) },
      Field(
        "start", .time, isBound: hasUnseenStart,
        meaning: """
          Time of the submission. If the submission was not seen (`start_known` is no), its latest \
          possible time.
          """
      ) {
        request, _ in .number(request.startTime)
      },
      Field("last", .time, meaning: "Time of the request's last event.") { request, _ in
        .number(request.lastTime)
      },
      Field("start_known", .flag, meaning: "True if the submission was seen.") { request, _ in
        .flag(request.isStartKnown)
      },
      Field("end_derived", .flag, meaning: "True if the end was inferred, not observed.") {
        request, _ in .flag(request.isEndDerived)
      },
      Field(
        "suspect", .flag,
        meaning: "True if records were lost since the request's last event: it may have ended."
      ) { request, _ in .flag(request.isSuspect) },
      Field(
        "place", .text, .nullable, choices: Place.allCases.compactMap { JSONNames.place($0) },
        meaning: "The kernel's list on which an inventory last found the request in flight."
      ) { request, _ in
        request.state.isFinal ? .none : .unlessEmpty(JSONNames.place(request.place))
      },
      Field(
        "worker_tid", title: "WORKER", .number, .nullable,
        meaning: "The io-wq thread that executed the request at the last inventory."
      ) { request, _ in
        isRunning(request) ? .unlessZero(request.workerTid) : .none
      },
      Field(
        "kernel_stack", .words,
        meaning: """
          Kernel stack of the io-wq thread that executes the request, as last read, innermost \
          frame first.
          """
      ) { request, snapshot in
        .words(isRunning(request) ? snapshot.kernelStacks[request.workerTid]?.frames ?? [] : [])
      },
      Field("expires", .time, .nullable, meaning: "Time at which a timeout in flight fires.") {
        request, _ in
        [.timeout, .linkTimeout].contains(request.place) && !request.state.isFinal
          ? .unlessZero(request.expiryTime) : .none
      },
      Field(
        "poll_events", .pollEvents, .nullable,
        meaning: "POLL* events that the request waits for, once poll-armed."
      ) { request, _ in .unlessZero(request.pollEvents) },
    ]
  }

  /// True if an io-wq thread executed the request at the last inventory.
  private static func isRunning(_ request: Request) -> Bool {
    !request.state.isFinal && request.place == .workerRunning
  }

  private static var file: [Field<Request>] {
    [
      Field(
        "file", .text, .nullable,
        meaning: """
          The name of the file that the kernel assigned to the request; SPLICE and TEE have two. \
          Null if not known.
          """
      ) { request, snapshot in .unlessEmpty(snapshot.fileNames.name(of: request)) },
      Field(
        "file_closed", .text, .ifKnown,
        meaning: """
          For a request in flight whose descriptor was closed: a clause that names the file to \
          which the descriptor refers now.
          """
      ) { request, snapshot in .unlessEmpty(snapshot.fileNames.closing(of: request)) },
      Field("fd", .number, .nullable, meaning: "The descriptor in the SQE.") { request, _ in
        if case .descriptor(let number)? = request.file { .integer(number) } else { .none }
      },
      Field(
        "fixed_file", title: "FIXED", .number, .nullable,
        meaning: "The index of the registered file in the SQE."
      ) { request, _ in
        if case .fixed(let index)? = request.file { .integer(index) } else { .none }
      },
      Field(
        "offset", .bytes, .tableOnly, aliases: ["off"], total: FieldTotal.none,
        meaning: "Offset of the transfer in the file."
      ) { request, _ in .integer(request.offset) },
      Field(
        "length", title: "LEN", .bytes, .tableOnly, aliases: ["len"], unit: \.opcode.length,
        meaning: "Bytes to transfer; of vectored transfers, the number of vectors."
      ) { request, _ in .integer(request.length?.number) },
    ]
  }

  private static var submission: [Field<Request>] {
    [
      Field("pid", .number, .nullable, meaning: "The process that submitted the request.") {
        request, _ in .unlessZero(request.submitterTgid)
      },
      Field("tid", .number, .nullable, meaning: "The thread that submitted the request.") {
        request, _ in .unlessZero(request.submitterTid)
      },
      Field(
        "comm", title: "COMMAND", .text, .nullable, aliases: ["command"],
        meaning: "The name of the process that submitted the request."
      ) { request, snapshot in .unlessEmpty(snapshot.taskNames[request.submitterTgid]) },
      Field(
        "cgroup", .text, .nullable,
        meaning:
          "The cgroup of the process that submitted the request: its path in the cgroup v2 hierarchy."
      ) { request, snapshot in .unlessEmpty(snapshot.processCgroups[request.submitterTgid]) },
      Field(
        "sq_thread", title: "SQPOLL", .flag,
        meaning: "True if the ring's SQ thread submitted the request."
      ) { request, _ in .flag(request.isSubmittedBySQThread) },
      Field(
        "flags", .words,
        meaning: """
          The request's flags, without REQ_F_ and IOSQE_. They are those at submission; for a \
          request that was found in flight, those at the time it was found.
          """
      ) { request, snapshot in .words(request.flagNames(snapshot.requestFlagNames)) },
      Field(
        "sqe_known", .flag,
        meaning:
          "True if the SQE was seen; otherwise only the fields that the kernel still held are known."
      ) { request, _ in .flag(request.isSQEKnown) },
      Field(
        "sqe_flags", .words, .ifKnown,
        meaning: """
          The SQE's flags, without IOSQE_. For a request that was found in flight, ASYNC and \
          IO_DRAIN are left out, because the kernel may have set them itself.
          """
      ) { request, _ in
        request.isSQEKnown || !request.kernelKnowledge.isEmpty
          ? .words(request.sqeFlags.names) : .none
      },
      Field(
        "command_name", .text, .ifKnown, meaning: "The name of the driver command of a URING_CMD."
      ) { request, _ in .unlessEmpty(request.commandName) },
      Field(
        "user_stack", .words,
        meaning:
          "The program's stack at the submission, innermost frame first; recorded with `--stacks`."
      ) { request, snapshot in
        .words(request.userStackKey.flatMap { snapshot.userStacks[$0] } ?? [])
      },
    ]
  }

  private static var outcome: [Field<Request>] {
    [
      Field(
        "result", .result, .nullable,
        meaning:
          "Result of the request's last CQE that had one; the notification of a zero-copy send has none."
      ) {
        request, _ in request.hasResult ? .integer(request.result) : .none
      },
      .errno { $0.hasResult ? $0.result : nil },
      Field(
        "cqe_flags", .words,
        meaning: "Flags of the request's last CQE with a result, without IORING_CQE_F_."
      ) {
        request, _ in .words(CQEFlags(rawValue: request.cqeFlags).names)
      },
      Field(
        "bid", .number, .nullable,
        meaning: "Id of the provided buffer in the request's last CQE with a result."
      ) {
        request, _ in .integer(CQEFlags(rawValue: request.cqeFlags).bufferID)
      },
      Field("cqes", .number, total: .sum, meaning: "CQEs that the request has posted so far.") {
        request, _ in
        .integer(request.cqeCount)
      },
      Field(
        "completer_tid", .number, .nullable,
        meaning: "Id of the thread that posted the request's last CQE."
      ) {
        request, _ in .unlessZero(request.completerTid)
      },
      Field(
        "preparation_errno", .text, .nullable,
        meaning: "The errno with which the kernel refused the SQE; null if the kernel accepted it."
      ) { request, _ in .errno(request.preparationError) },
      Field(
        "short_write_bytes", .bytes, .nullable,
        meaning: """
          Bytes that a short write had written before the kernel continued it; null if no write \
          was short.
          """
      ) { request, _ in
        request.steps.contains { $0.kind == .shortWrite }
          ? .integer(request.shortWriteBytes) : .none
      },
    ]
  }

  private static var parts: [Part<Request>] {
    [
      .object(
        "file_state", FieldSet<FileState>.fileStates,
        meaning: """
          State of the file, for a request in flight that waits for a pipe, a socket or a similar \
          file.
          """
      ) { request, snapshot in
        request.state.isFinal ? nil : snapshot.fileStates[request.id]
      },
      .object(
        "waits_for", FieldSet<WaitCause>.waitCauses,
        meaning:
          "What the request waits for; null if no inventory was taken, or the request has ended."
      ) { request, snapshot in snapshot.cause(of: request) },
      .object(
        "memory_change", FieldSet<MemoryChange>.memoryChanges,
        meaning: "Memory that was removed while the request used it."
      ) { request, snapshot in snapshot.memoryChanges[request.id] },
      .object(
        "ublk_slot", FieldSet<UblkSlot>.ublkSlots,
        meaning: """
          For a command of a ublk server: the queue and tag of the block request that it waits \
          for.
          """
      ) { request, snapshot in request.state.isFinal ? nil : snapshot.ublkSlots[request.id] },
      .list(
        "steps", FieldSet<Step>.steps,
        meaning: "Steps of the request's life, in order of time."
      ) {
        request, _ in request.steps
      },
      .inline(
        FieldSet<Request>(
          "requests",
          [
            Field(
              "dropped_steps", .number,
              meaning:
                "Number of steps that `steps` leaves out: those just before its last entry."
            ) {
              request, _ in .integer(request.droppedSteps)
            }
          ])
      ) { request, _ in request },
      .sqe,
    ]
  }
}

extension Request {
  /// Offset in the file, for opcodes whose `off` is an offset. Nil for other opcodes, and for -1,
  /// which means the file's own position.
  public var offset: UInt64? {
    guard knows(.off), self.opcode.properties.off?.name == "offset", self.sqe.off != .max else {
      return nil
    }
    return self.sqe.off
  }

  /// The number in `len`, and its unit: empty for bytes, `v` for vectors.
  public var length: (number: UInt64, unit: String)? {
    guard knows(.len) else { return nil }
    let number = UInt64(self.sqe.len)
    return switch self.opcode.length {
    case .bytes: (number, "")
    case .vectors: (number, "v")
    case .none, .other: nil
    }
  }
}
