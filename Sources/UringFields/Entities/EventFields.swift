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
        meaning: "Kind of event, as in docs/records.md."
      ) { event, _ in
        .text(event.kind.descriptor.map { "\($0.name)" } ?? "event \(event.kind.rawValue)")
      },
      Field("ring", .number, .tableOnly, meaning: "Id of the ring.") { event, _ in
        .unlessZero(event.ring)
      },
      Field(
        "request", .number, .tableOnly, aliases: ["req"],
        meaning: "Id that uringtop gives the request."
      ) { event, _ in .unlessZero(event.request) },
      Field("user_data", .address, .tableOnly, meaning: "The user_data of the request or the CQE.")
      {
        event, _ in
        event.opcode.isNone && event.userData == 0 || !event.isUserDataKnown
          ? .none : .number(event.userData)
      },
      Field(
        "opcode", .text, .tableOnly, aliases: ["op"], meaning: "The opcode, without IORING_OP_."
      ) { event, _ in event.opcode.isNone ? .none : .text(event.opcode.name) },
      Field(
        "value", .number, .tableOnly,
        meaning:
          "By kind: the result of a CQE or a registration, the descriptor of a submission, the bytes of a short write, the number of CQEs waited for."
      ) { event, _ in .integer(event.value) },
      Field("error", .flag, .tableOnly, meaning: "True for a failure.") { event, _ in
        .flag(event.kind.isError(event.opcode, result: Int32(truncatingIfNeeded: event.value)))
      },
      Field("group", .number, .tableOnly, meaning: "Id of the group.") { event, _ in
        .unlessZero(event.group)
      },
      Field(
        "tid", .number, .tableOnly,
        meaning: "The thread that was running: not always the submitter."
      ) { event, _ in .integer(event.tid) },
    ])
}
