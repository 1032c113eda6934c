import CRecord
import UringRecords
import UringTrace

extension FieldSet<Event> {
  /// The fields of events: lines of the event log.
  public static let events = FieldSet(
    "events",
    [
      Field("time", .time, .tableOnly, aliases: ["t"], meaning: "Time of the event.") { event, _ in
        .number(event.time)
      },
      Field(
        "event", .text, .tableOnly,
        choices: RecordKind.all.compactMap { $0.descriptor.map { "\($0.name)" } },
        meaning:
          "Kind of event: `submit`, `complete`, `poll_arm` (poll was armed), `queue_async_work` (handed to io-wq) and others; docs/records.md explains each."
      ) { event, _ in
        .text(event.kind.descriptor.map { "\($0.name)" } ?? "event \(event.kind.rawValue)")
      },
      Field("ring", .number, .tableOnly, meaning: "Id of the ring in which the event occurred.") {
        event, _ in
        .unlessZero(event.ring)
      },
      Field(
        "request", .number, .tableOnly, aliases: ["req"],
        meaning: "Id that uringtop gives the event's request."
      ) { event, _ in .unlessZero(event.request) },
      Field("user_data", .address, .tableOnly, meaning: "The user_data of the request or the CQE.")
      {
        event, _ in
        event.opcode.isNone && event.userData == 0 || !event.isUserDataKnown
          ? .none : .number(event.userData)
      },
      Field(
        "opcode", .text, .tableOnly, aliases: ["op"],
        meaning: "The opcode of the event's request, without IORING_OP_."
      ) { event, _ in event.opcode.isNone ? .none : .text(event.opcode.name) },
      Field(
        "value", .number, .tableOnly,
        meaning: """
          The event's main number, which depends on its kind: the result of a CQE or a \
          registration, the descriptor of a submission, the bytes of a short write, the number of \
          CQEs waited for.
          """
      ) { event, _ in .integer(event.value) },
      Field("error", .flag, .tableOnly, meaning: "True if the event is a failure.") { event, _ in
        .flag(event.kind.isError(event.opcode, result: Int32(truncatingIfNeeded: event.value)))
      },
      Field(
        "group", .number, .tableOnly,
        meaning: "Id of the event's group (a lent buffer and the requests that use it)."
      ) { event, _ in
        .unlessZero(event.group)
      },
      Field(
        "tid", .number, .tableOnly,
        meaning: "Id of the thread in which the event occurred: not always the submitter."
      ) { event, _ in .integer(event.tid) },
    ])
}
