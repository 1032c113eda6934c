import UringRecordings
import UringTrace

extension FieldSet<FileState> {
  static let fileStates = FieldSet(
    "file states",
    [
      Field(
        "poll_events", .pollEvents,
        meaning: "POLL* events that the request's file reported at the last inventory."
      ) { state, _ in
        .integer(state.pollEvents)
      },
      Field(
        "receive_bytes", .bytes, .nullable,
        meaning: "Bytes that can be read from the request's file."
      ) { state, _ in
        .integer(state.receiveBytes)
      },
      Field(
        "send_bytes", .bytes, .nullable,
        meaning:
          "Bytes written to the request's socket that the peer has not taken; null for other files."
      ) {
        state, _ in .integer(state.sendBytes)
      },
      Field(
        "text", .text,
        meaning:
          "The addresses of the request's socket, or the processes at the other end of its pipe."
      ) { state, _ in .text(state.text) },
      Field("time", .time, meaning: "Time at which the state of the request's file was read.") {
        state, _ in
        .number(state.time)
      },
    ])
}

extension FieldSet<WaitCause> {
  static let waitCauses = FieldSet(
    "wait causes",
    [
      Field(
        "kind", .text, choices: WaitCause.Kind.allCases.map(\.rawValue),
        meaning: "Kind of condition that the request waits for."
      ) { cause, _ in .text(cause.kind.rawValue) },
      Field(
        "request", .number, .nullable,
        meaning: """
          Id of the request that must end before this request can proceed; null if there is none.
          """
      ) {
        cause, _ in .integer(cause.request)
      },
      Field(
        "text", .text,
        meaning: "What the request waits for: a clause that follows the words \"waits for\"."
      ) { cause, _ in
        .text(cause.text)
      },
    ])
}

extension FieldSet<MemoryChange> {
  static let memoryChanges = FieldSet(
    "memory changes",
    [
      Field(
        "call", .text, .nullable, choices: ["munmap", "mremap", "madvise", "mmap"],
        meaning: """
          The system call that unmapped, moved, replaced or discarded the request's memory; null \
          if the call was not seen.
          """
      ) { change, _ in .unlessEmpty(change.call?.rawValue) },
      Field(
        "time", .time,
        meaning: "Time at which the memory was taken from the request, or found missing."
      ) {
        change, _ in .number(change.time)
      },
      Field(
        "tid", .number, .nullable,
        meaning: "Id of the thread whose system call took the memory from the request."
      ) { change, _ in
        change.call == nil ? .none : .integer(change.tid)
      },
      Field(
        "address", .address,
        meaning: "Address of the memory that was taken while the request used it."
      ) { change, _ in
        .number(change.address)
      },
      Field(
        "length", .bytes,
        meaning: "Length of the memory that was taken while the request used it."
      ) { change, _ in
        .integer(change.length)
      },
      Field(
        "discarded", .flag,
        meaning:
          "True if the memory that the request uses is still mapped, but no longer to the registered pages."
      ) { change, _ in .flag(change.isDiscarded) },
    ])
}

extension FieldSet<UblkSlot> {
  static let ublkSlots = FieldSet(
    "ublk slots",
    [
      Field(
        "queue", .number,
        meaning: "Queue of the ublk device in which the server's command waits for a block request."
      ) { slot, _ in
        .integer(slot.queue)
      },
      Field(
        "tag", .number,
        meaning:
          "Tag of the block request, in the ublk device's queue, for which the server's command waits."
      ) { slot, _ in .integer(slot.tag) },
    ])
}

extension FieldSet<Step> {
  static let steps = FieldSet(
    "steps",
    [
      Field(
        "step", .text, choices: Step.Kind.allCases.map { "\(JSONNames.step($0))" },
        meaning: "Kind of step: what happened to the request."
      ) { step, _ in .name(JSONNames.step(step.kind)) },
      Field("time", .time, meaning: "Time of the step.") { step, _ in .number(step.time) },
      Field("tid", .number, meaning: "Id of the thread in which the step occurred.") { step, _ in
        .integer(step.tid)
      },
    ])
}

extension Part<Request> {
  /// The members that describe the SQE. For a request that was found in flight, only the fields
  /// that the kernel still had.
  static let sqe = Part.other(
    [
      .init("ioprio", .integer, .ifKnown, meaning: "The SQE's `ioprio`."),
      .init(
        "off", .integer, .ifKnown,
        meaning: "Offset in the SQE, as a signed number: -1 is the file's own position."
      ),
      .init("addr", .hex, .ifKnown, meaning: "The SQE's `addr`."),
      .init("len", .integer, .ifKnown, meaning: "The SQE's `len`."),
      .init(
        "op_flags", .integer, .ifKnown,
        meaning: "The SQE's `rw_flags`, or another operation's field in the same union."
      ),
      .init(
        "buf_index", .nullable(.integer), .ifKnown,
        meaning: "Index of the registered buffer in the SQE."
      ),
      .init(
        "bgid", .nullable(.integer), .ifKnown,
        meaning: "Id of the group of provided buffers in the SQE, with IOSQE_BUFFER_SELECT."),
      .init("personality", .integer, .ifKnown, meaning: "The SQE's `personality`."),
      .init("file_index", .integer, .ifKnown, meaning: "The SQE's `file_index`."),
      .init("addr3", .hex, .ifKnown, meaning: "The SQE's `addr3`."),
      .init("pad2", .hex, .ifKnown, meaning: "The SQE's `pad2`."),
      .init(
        "cmd_op", .integer, .ifKnown,
        meaning: "Number of the driver command in the SQE of a URING_CMD."
      ),
    ]
  ) { request, _, json in
    if request.isSQEKnown {
      json.field("ioprio", request.sqe.ioprio)
      SQEFields.writeBody(request.sqe, to: &json)
    } else {
      writeKnown(request, to: &json)
    }
  }

  private static func writeKnown(_ request: Request, to json: inout JSONWriter) {
    let sqe = request.sqe
    if request.knows(.off) {
      if request.opcode.properties.off?.name == "cmd_op" {
        json.field("cmd_op", UInt32(truncatingIfNeeded: sqe.off))
      } else {
        json.field("off", Int64(bitPattern: sqe.off))
      }
    }
    if request.knows(.addr) { json.field("addr", hex: sqe.addr) }
    if request.knows(.len) { json.field("len", sqe.len) }
    if request.knows(.opFlags) { json.field("op_flags", sqe.op_flags) }
    if request.knows(.buffer) {
      let isGroup = SQEFlags(rawValue: sqe.flags).contains(.bufferSelect)
      json.field("buf_index", isGroup ? nil : sqe.buf_index)
      json.field("bgid", isGroup ? sqe.buf_index : nil)
    }
  }
}
