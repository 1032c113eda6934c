import UringTrace

extension FieldSet<Ring> {
  /// The fields of rings.
  public static let rings = FieldSet(
    "rings",
    [
      Field("id", title: "ID", .number, meaning: "uringtop's number of the ring.") { ring, _ in
        .number(UInt64(ring.id))
      },
      Field(
        "pid", title: "PID", .number,
        meaning: "The process that made the ring, or first seen with it."
      ) { ring, _ in .unlessZero(ring.ownerTgid) },
      Field("comm", title: "COMMAND", .text, aliases: ["command"], meaning: "That process's name.")
      {
        ring, _ in .unlessEmpty(ring.comm)
      },
      Field(
        "fds", title: "FD", .words, aliases: ["fd"],
        meaning: "The ring's descriptors, in whichever process."
      ) { ring, _ in .words(ring.descriptorNumbers.map { "\($0)" }) },
      Field("sq_pending", title: "SQ", .number, meaning: "SQEs that the kernel has not taken.") {
        ring, _ in .number(UInt64(ring.sqPending))
      },
      Field("cq_pending", title: "CQ", .number, meaning: "CQEs that the program has not taken.") {
        ring, _ in .number(UInt64(ring.cqPending))
      },
      Field("sq_entries", title: "SQ_SIZE", .number, meaning: "Entries of the submission queue.") {
        ring, _ in .number(UInt64(ring.sqEntries))
      },
      Field("cq_entries", title: "CQ_SIZE", .number, meaning: "Entries of the completion queue.") {
        ring, _ in .number(UInt64(ring.cqEntries))
      },
      Field(
        "cq_overflowed", title: "OVERFLOWED", .flag,
        meaning: "Whether CQEs wait in the kernel because the completion queue is full."
      ) { ring, _ in .flag(ring.isOverflowed) },
      Field(
        "registered_files", title: "FILES", .number,
        meaning: "Size of the table of registered files."
      ) { ring, _ in .number(UInt64(ring.registeredFiles)) },
      Field(
        "registered_buffers", title: "BUFS", .number,
        meaning: "Size of the table of registered buffers."
      ) { ring, _ in .number(UInt64(ring.registeredBuffers)) },
      Field(
        "flags", title: "FLAGS", .words,
        meaning: "The flags of io_uring_setup, without IORING_SETUP_."
      ) { ring, _ in .words(ring.setupFlags.names) },
      Field("in_flight", title: "INFL", .number, meaning: "Requests in flight.") { ring, _ in
        .number(UInt64(ring.inFlight))
      },
      Field("submitted", title: "SUBMITTED", .number, meaning: "Requests submitted so far.") {
        ring, _ in .number(ring.counts.submitted)
      },
      Field("completed", title: "COMPLETED", .number, meaning: "Requests completed so far.") {
        ring, _ in .number(ring.counts.completed)
      },
      Field("errors", title: "ERR", .number, meaning: "Requests that ended with an error.") {
        ring, _ in .number(ring.counts.errors)
      },
      Field(
        "overflows", title: "OVFL", .number,
        meaning: "CQEs that did not fit into the completion queue."
      ) { ring, _ in .number(ring.counts.overflows) },
      Field(
        "punted", title: "PUNTED", .number, meaning: "Requests that were given to a worker thread."
      ) { ring, _ in .number(ring.counts.punted) },
      Field("bytes_read", title: "READ", .bytes, meaning: "Bytes that completed requests read.") {
        ring, _ in .number(ring.counts.bytesRead)
      },
      Field(
        "bytes_written", title: "WRITTEN", .bytes, meaning: "Bytes that completed requests wrote."
      ) {
        ring, _ in .number(ring.counts.bytesWritten)
      },
      Field("p50", title: "p50", .duration, meaning: "Half of the requests took at most this long.")
      {
        ring, _ in ring.latency.count > 0 ? .number(ring.latency.p50) : .none
      },
      Field(
        "p99", title: "p99", .duration, meaning: "99 of 100 requests took at most this long."
      ) { ring, _ in ring.latency.count > 0 ? .number(ring.latency.p99) : .none },
      Field("closed", title: "CLOSED", .flag, meaning: "Whether the ring is closed.") { ring, _ in
        .flag(ring.isClosed)
      },
    ])
}
