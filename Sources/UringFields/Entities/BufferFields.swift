import UringRecordings
import UringTrace

extension FieldSet<Buffer> {
  /// The fields of registered and provided buffers.
  public static let buffers = FieldSet(
    "buffers",
    [
      Field("ring", .number, meaning: "Id of the buffer's ring.") { buffer, _ in
        .integer(buffer.ring)
      },
      Field(
        "kind", .text, choices: Buffer.Kind.allCases.map { "\(JSONNames.kind($0))" },
        meaning:
          "`registered`: a slot in the table of registered buffers. `provided_ring`: a group of provided buffers in a buffer ring (IORING_REGISTER_PBUF_RING). `provided_legacy`: a group of buffers provided by PROVIDE_BUFFERS requests."
      ) { buffer, _ in .name(JSONNames.kind(buffer.kind)) },
      Field(
        "index", .number, .nullable,
        meaning:
          "Slot in the table of registered buffers; null for a group of provided buffers, which has a `bgid`."
      ) { buffer, _ in
        buffer.kind == .registered ? .integer(buffer.index) : .none
      },
      Field(
        "bgid", .number, .nullable,
        meaning:
          "Buffer group id, which the program gave the group of provided buffers; null for a registered buffer."
      ) {
        buffer, _ in buffer.kind == .registered ? .none : .integer(buffer.index)
      },
      Field(
        "provider", .text, choices: GroupProvider.all.map { "\($0.name)" },
        meaning:
          "What provides the buffer; `registered` and `provided` are the application's own memory."
      ) { buffer, _ in .name(buffer.provider.name) },
      .address,
      Field(
        "length", title: "LEN", .bytes, .nullable,
        meaning: "Length of the buffer; for a group of provided buffers, the length of each."
      ) { buffer, _ in .unlessZero(buffer.length) },
      .segments, .direction, .kernel, .tag, .release,
      Field(
        "group", .number, .nullable,
        meaning:
          "Id of the lending group (leader, buffer and borrowers) that the buffer belongs to now."
      ) {
        buffer, _ in .unlessZero(buffer.group)
      },
      Field("borrowers", .numbers, meaning: "Requests in flight that use the buffer.") {
        buffer, _ in
        .numbers(buffer.borrowers)
      },
      Field(
        "references", title: "REFS", .number, .nullable,
        meaning:
          "References that requests hold, by the kernel's counter; null if the counter was not read."
      ) { buffer, _ in .integer(buffer.references) },
      Field(
        "sharers", .number, .nullable,
        meaning: "Number of rings that share the buffer's memory (IORING_REGISTER_CLONE_BUFFERS)."
      ) { buffer, _ in .unlessZero(buffer.sharers) },
      Field(
        "registered", .time, .nullable,
        meaning:
          "Time at which the buffer was registered or provided; null if that was before the observation."
      ) { buffer, _ in .unlessZero(buffer.registeredTime) },
      Field(
        "last_use", title: "LAST USE", .time, .nullable,
        meaning:
          "Time at which a request last completed a use of the buffer; null if none was seen. Uses before the observation are not known."
      ) {
        buffer, _ in .unlessZero(buffer.lastUseTime)
      },
      Field(
        "uses", title: "USED", .number, total: .sum,
        meaning: "Requests that have used the buffer. Uses before the observation are not counted."
      ) {
        buffer, _ in
        .number(buffer.useCount)
      },
      Field(
        "withdrawn", .flag,
        meaning: "True if the buffer is no longer in the table, but requests still hold it."
      ) {
        buffer, _ in .flag(buffer.isWithdrawn)
      },
      Field(
        "buffers_left", .number, .nullable,
        meaning: """
          Number of provided buffers left; for a buffer ring, at the last inventory, or null if a \
          buffer was taken since.
          """
      ) { buffer, _ in .integer(buffer.buffersLeft) },
      Field("buffer_count", .number, .nullable, meaning: "Number of provided buffers in the group.")
      {
        buffer, _ in buffer.kind == .registered ? .none : .integer(buffer.bufferCount)
      },
      Field(
        "exhausted", .number, .nullable,
        meaning: "Times that a request found no provided buffer left (ENOBUFS)."
      ) { buffer, _ in buffer.kind == .registered ? .none : .number(buffer.exhaustedCount) },
    ])
}
