import UringRecordings
import UringTrace

extension FieldSet<Ring> {
  /// The fields of rings.
  public static let rings = FieldSet("rings", fields, parts: parts)

  /// The fields with which a document identifies a ring.
  public static let ringNames = FieldSet(
    "ring names", identity.filter { nameKeys.contains($0.key) })

  private static let nameKeys: Set = ["id", "pid", "comm", "fds"]

  private static var fields: [Field<Ring>] { identity + queues + counts + tasks }

  private static var identity: [Field<Ring>] {
    [
      Field("id", .number, meaning: "Id that uringtop gives the ring.") { ring, _ in
        .integer(ring.id)
      },
      Field("address", .address, meaning: "The address of the kernel's `io_ring_ctx`.") { ring, _ in
        .number(ring.address)
      },
      Field(
        "pid", .number, .nullable,
        meaning:
          "Id of the process that created the ring, or, if its creation was not seen, of the first process seen with it."
      ) { ring, _ in .unlessZero(ring.ownerTgid) },
      Field(
        "comm", title: "COMMAND", .text, aliases: ["command"],
        meaning:
          "Name of the process that created the ring, or, if its creation was not seen, of the first process seen with it."
      ) { ring, _ in .text(ring.comm) },
      Field(
        "fds", title: "FD", .numbers, aliases: ["fd"],
        meaning: "The ring's descriptors, in any process."
      ) { ring, _ in .numbers(ring.descriptorNumbers.map { UInt64(clamping: $0) }) },
      Field("flags", .words, meaning: "The flags of io_uring_setup, without IORING_SETUP_.") {
        ring, _ in .words(ring.setupFlags.names)
      },
      Field(
        "cgroup", .text, .nullable,
        meaning:
          "The cgroup of the process that created the ring: its path in the cgroup v2 hierarchy."
      ) { ring, snapshot in .unlessEmpty(snapshot.processCgroups[ring.ownerTgid]) },
      Field("first_seen", .time, meaning: "Time at which the ring was created, or first seen.") {
        ring, _ in
        .number(ring.firstTime)
      },
      Field(
        "closed", .time, .nullable,
        meaning: "Time at which the ring was closed; null while it is open."
      ) {
        ring, _ in ring.isClosed ? .number(ring.closedTime) : .none
      },
      Field(
        "found", .flag,
        meaning: "True if the ring is older than the observation: its creation was not seen."
      ) { ring, _ in
        .flag(ring.isFound)
      },
    ]
  }

  private static var queues: [Field<Ring>] {
    [
      Field("sq_entries", title: "SQ_SIZE", .number, meaning: "Entries of the submission queue.") {
        ring, _ in .integer(ring.sqEntries)
      },
      Field("cq_entries", title: "CQ_SIZE", .number, meaning: "Entries of the completion queue.") {
        ring, _ in .integer(ring.cqEntries)
      },
      Field(
        "sq_pending", title: "SQ", .number,
        meaning: "SQEs that the kernel had not taken at the last scan of the ring."
      ) { ring, _ in .integer(ring.sqPending) },
      Field(
        "cq_pending", title: "CQ", .number,
        meaning: "CQEs that the program had not taken at the last scan of the ring."
      ) { ring, _ in .integer(ring.cqPending) },
      Field(
        "cq_overflowed", title: "CQ_OVERFLOWED", .flag,
        meaning:
          "True if CQEs wait in the kernel's overflow list because the completion queue is full."
      ) { ring, _ in .flag(ring.isOverflowed) },
      Field(
        "registered_files", title: "FILES", .number,
        meaning: "Size of the table of registered files."
      ) { ring, _ in .integer(ring.registeredFiles) },
      Field(
        "registered_buffers", title: "BUFS", .number,
        meaning: "Size of the table of registered buffers."
      ) { ring, _ in .integer(ring.registeredBuffers) },
      Field(
        "polled", .flag,
        meaning: "True if a task polled the ring's descriptor at the last scan of the ring."
      ) {
        ring, _ in .flag(ring.isPolled)
      },
      Field(
        "eventfd", .text, .nullable, choices: ["all", "async"],
        meaning: """
          CQEs that signal the ring's eventfd. `async`: only CQEs that are not posted during \
          submission (IORING_REGISTER_EVENTFD_ASYNC).
          """
      ) { ring, _ in .unlessEmpty(JSONNames.eventfd(ring.eventfd)) },
    ]
  }

  private static var counts: [Field<Ring>] {
    [
      .count("in_flight", title: "INFL", "Requests in flight.") { UInt64($0.inFlight) },
      .count(
        "not_listed",
        """
        Requests that the ring's own counter includes but uringtop cannot list: they began \
        before the observation, are on no list of io_uring, and have caused no event since.
        """
      ) { $0.notListed },
      .count("submitted", "Requests submitted.") { $0.counts.submitted },
      .count("found_requests", "Requests that began before the observation.") { $0.counts.found },
      .count("completed", "Requests that ended with a CQE in the ring.") { $0.counts.completed },
      .count(
        "errors", title: "ERR",
        "Requests that ended with an error. ETIME of a timeout, and ECANCELED of a link timeout that was not needed, do not count."
      ) { $0.counts.errors },
      .count("overflows", title: "OVFL", "CQEs that did not fit into the completion queue.") {
        $0.counts.overflows
      },
      .count(
        "overflowed", "Requests that ended with a CQE that did not fit into the completion queue."
      ) { $0.counts.overflowed },
      .count("dropped", "Overflowed CQEs for which the kernel had no memory: they are lost.") {
        $0.counts.dropped
      },
      .count("skipped", "Requests that ended without a CQE, as the program requested.") {
        $0.counts.skipped
      },
      .count("cqes", "CQEs posted, including those that belong to no request of the ring.") {
        $0.counts.cqes
      },
      .count("preparation_failures", "Requests whose SQE the kernel refused.") {
        $0.counts.preparationFailures
      },
      .count("short_writes", "Writes that the kernel continued after a part was written.") {
        $0.counts.shortWrites
      },
      .count("punted", "Requests handed to io-wq.") { $0.counts.punted },
      .count(
        "punted_transfers",
        "Reads, writes and other transfers without IOSQE_ASYNC that were handed to io-wq."
      ) {
        $0.counts.puntedTransfers
      },
      .count("poll_armed", "Requests for which poll was armed.") { $0.counts.pollArmed },
      .count(
        "ended_unseen",
        "Requests whose end no event showed: they ended with their ring, while records were lost, or without a CQE."
      ) { $0.counts.endedUnseen },
      .count("unmatched", "CQEs whose request is not known.") { $0.counts.unmatched },
      .count(
        "auxiliary",
        "CQEs that belong to no request of this ring: messages of other rings, tags of registered resources."
      ) {
        $0.counts.auxiliary
      },
      .count(
        "unmeasured",
        """
        Ended requests whose latency was not measured, because records were lost, or because the \
        requests are not in the sample or began before the observation.
        """
      ) { $0.counts.unmeasured },
      .count("ambiguous", "CQEs that several requests could have posted.") { $0.counts.ambiguous },
      Field("bytes_read", title: "READ", .bytes, meaning: "Bytes that completed requests read.") {
        ring, _ in .number(ring.counts.bytesRead)
      },
      Field(
        "bytes_written", title: "WRITTEN", .bytes, meaning: "Bytes that completed requests wrote."
      ) {
        ring, _ in .number(ring.counts.bytesWritten)
      },
      .count("waits", "Calls of `io_uring_enter` that waited for CQEs.") { $0.counts.waits },
      Field(
        "last_wait_min_events", .number, .nullable,
        meaning: "Number of CQEs that the last waiting call of `io_uring_enter` asked for."
      ) { ring, _ in ring.lastWaitTime == 0 ? .none : .integer(ring.lastWaitMinEvents) },
      Field(
        "last_wait", .time, .nullable,
        meaning: "Time at which the last waiting call of `io_uring_enter` began to wait."
      ) { ring, _ in
        .unlessZero(ring.lastWaitTime)
      },
    ]
  }

  private static var tasks: [Field<Ring>] {
    [
      Field(
        "submitter_tid", .number, .nullable,
        meaning: "Id of the only thread that may submit to the ring (SINGLE_ISSUER)."
      ) { ring, _ in .unlessZero(ring.submitterTid) },
      Field(
        "sq_thread", .text, .nullable, choices: ["polls", "sleeps"],
        meaning: """
          State of the SQ thread (SQPOLL): it polls for SQEs, or sleeps until `io_uring_enter` \
          wakes it.
          """
      ) { ring, _ in .unlessEmpty(ring.sqThread.map { JSONNames.activity($0) }) },
      Field("sq_thread_tid", .number, .nullable, meaning: "Thread id of the SQ thread.") {
        ring, _ in .unlessZero(ring.sqThreadTid)
      },
      Field(
        "sq_thread_cpu", .duration, .nullable,
        meaning: "CPU time of the SQ thread during the observation."
      ) { ring, _ in .unlessZero(ring.sqThreadTime) },
      Field(
        "p50", title: "p50", .duration, .tableOnly,
        meaning: "Half of the ring's requests took at most this long."
      ) { ring, _ in ring.latency.count > 0 ? .number(ring.latency.p50) : .none },
      Field(
        "p99", title: "p99", .duration, .tableOnly,
        meaning: "99 of 100 of the ring's requests took at most this long."
      ) { ring, _ in ring.latency.count > 0 ? .number(ring.latency.p99) : .none },
    ]
  }

  private static var parts: [Part<Ring>] {
    [
      .object(
        "sq_thread_setup", FieldSet<Ring>.sqThreadSetups,
        meaning: "Scheduling of the SQ thread at the last scan of the ring; null if not known."
      ) { ring, _ in ring.sqThreadSetup == nil ? nil : ring },
      .object(
        "waiter", FieldSet<Ring.Waiter>.waiters,
        meaning: """
          Threads that wait in `io_uring_enter`, with details of the first one; null if none \
          waits.
          """
      ) { ring, _ in ring.waiter },
      .object(
        "balance", FieldSet<Ring.Balance>.balances,
        meaning: """
          The ring's own counters compared with the known requests, at the last inventory; null \
          before the first inventory.
          """
      ) { ring, _ in ring.balance },
      .object(
        "last_taken", FieldSet<Ring.TakenSQE>.takenSQEs,
        meaning: """
          The SQE that the kernel took last; null if no SQEs were left in the queue at the last \
          inventory.
          """
      ) { ring, _ in ring.lastTaken },
      .object(
        "last_second", FieldSet<Rates>.rates,
        meaning: """
          Rates over the last second; null in the first quarter of a second of the observation.
          """
      ) { ring, _ in ring.lastSecond.ifMeasured },
      .object(
        "last_minute", FieldSet<Rates>.rates,
        meaning: """
          Rates over the last minute; null in the first quarter of a second of the observation.
          """
      ) { ring, _ in ring.lastMinute.ifMeasured },
      .object(
        "latency", FieldSet<LatencySummary>.summaries, .always,
        meaning: "Latencies over all opcodes."
      ) { ring, _ in ring.latency },
      .list(
        "holders", FieldSet<Ring.Descriptor>.holders,
        meaning: "Descriptors that refer to the ring, in any process."
      ) { ring, _ in ring.descriptors },
      .list(
        "errnos", FieldSet<Ring.ErrnoCount>.errnos,
        meaning: "Requests that ended with an error, counted by errno."
      ) { ring, _ in ring.errnos },
      .list(
        "chain_breaks", FieldSet<ChainBreaks>.chainBreaks, .ifKnown,
        meaning: "Chains that broke and cancelled requests, by the request that broke them."
      ) { ring, _ in ring.chainBreaks.isEmpty ? nil : ring.chainBreaks },
      .list(
        "files", FieldSet<RingFile>.files,
        meaning:
          "Registered files in the first 32,768 slots at the last inventory: at most 1,024 files."
      ) { ring, snapshot in RingFile.all(of: ring, in: snapshot) },
      .list(
        "unsubmitted", FieldSet<SQE>.unsubmitted,
        meaning: "The first 64 SQEs that the kernel had not taken at the last inventory."
      ) { ring, _ in ring.unsubmitted },
      .list(
        "unreaped", FieldSet<Ring.UnreapedCQE>.unreaped,
        meaning: "The first 64 CQEs that the program had not taken at the last inventory."
      ) { ring, _ in ring.unreaped },
      .list(
        "reaped", FieldSet<Ring.ReapedCQE>.reaped,
        meaning: """
          The last 4 CQEs that the program took, the latest first, as the ring's memory contained \
          them at the last inventory.
          """
      ) { ring, _ in ring.reaped },
      .list(
        "reap_lags", FieldSet<ReapLag>.reapLags,
        meaning: """
          The last 16 periods in which CQEs waited in the queue, measured by sampling the ring \
          every few milliseconds.
          """
      ) { ring, _ in ring.reapLags },
      .list(
        "failed_registrations", FieldSet<Ring.FailedRegistration>.failedRegistrations,
        meaning: """
          Failed calls of `io_uring_register`, by opcode and result, without those that a later \
          successful call superseded.
          """
      ) { ring, _ in ring.failedRegistrations },
    ]
  }
}
