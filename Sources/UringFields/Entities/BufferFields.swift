import UringRecordings
import UringTrace

extension FieldSet<Buffer> {
  /// The fields of registered and provided buffers.
  public static let buffers = FieldSet(
    "buffers",
    [
      Field("ring", .number, meaning: "Id of the ring.") { buffer, _ in
        .integer(buffer.ring)
      },
      Field(
        "kind", .text, choices: Buffer.Kind.allCases.map { "\(JSONNames.kind($0))" },
        meaning: "`registered` is a slot of the table, the others are groups of provided buffers."
      ) { buffer, _ in .name(JSONNames.kind(buffer.kind)) },
      Field("index", .number, .nullable, meaning: "The slot.") { buffer, _ in
        buffer.kind == .registered ? .integer(buffer.index) : .none
      },
      Field("bgid", .number, .nullable, meaning: "The id of the group of provided buffers.") {
        buffer, _ in buffer.kind == .registered ? .none : .integer(buffer.index)
      },
      Field(
        "provider", .text, choices: GroupProvider.all.map { "\($0.name)" },
        meaning: "What provides the buffer."
      ) { buffer, _ in .name(buffer.provider.name) },
      .address,
      Field(
        "length", title: "LEN", .bytes, .nullable,
        meaning: "Its length; of provided buffers, that of each."
      ) { buffer, _ in .unlessZero(buffer.length) },
      .segments, .direction, .kernel, .tag, .release,
      Field("group", .number, .nullable, meaning: "Id of the group that has the buffer now.") {
        buffer, _ in .unlessZero(buffer.group)
      },
      Field("borrowers", .numbers, meaning: "The requests in flight that use it.") { buffer, _ in
        .numbers(buffer.borrowers)
      },
      Field(
        "references", title: "REFS", .number, .nullable,
        meaning: "References that the kernel counted for requests; null where it does not."
      ) { buffer, _ in .integer(buffer.references) },
      Field(
        "sharers", .number, .nullable, meaning: "Rings that share the memory (CLONE_BUFFERS)."
      ) { buffer, _ in .unlessZero(buffer.sharers) },
      Field(
        "registered", .time, .nullable,
        meaning: "Time of registration; null if before the observation."
      ) { buffer, _ in .unlessZero(buffer.registeredTime) },
      Field(
        "last_use", title: "LAST USE", .time, .nullable,
        meaning: "Start of the last request that used it."
      ) {
        buffer, _ in .unlessZero(buffer.lastUseTime)
      },
      Field("uses", title: "USED", .number, total: .sum, meaning: "Requests that have used it.") {
        buffer, _ in
        .number(buffer.useCount)
      },
      Field("withdrawn", .flag, meaning: "True if it is no longer in the table but still held.") {
        buffer, _ in .flag(buffer.isWithdrawn)
      },
      Field(
        "buffers_left", .number, .nullable,
        meaning:
          "Provided buffers that are left; of a buffer ring as of the last inventory, null when one was taken since."
      ) { buffer, _ in .integer(buffer.buffersLeft) },
      Field("buffer_count", .number, .nullable, meaning: "Number of provided buffers.") {
        buffer, _ in buffer.kind == .registered ? .none : .integer(buffer.bufferCount)
      },
      Field(
        "exhausted", .number, .nullable,
        meaning: "Times that no provided buffer was left (ENOBUFS)."
      ) { buffer, _ in buffer.kind == .registered ? .none : .number(buffer.exhaustedCount) },
    ])
}
