import UringFindings
import UringTrace

extension FieldSet<Snapshot> {
  /// The members with which documents about a snapshot begin, after `schema`, `tool` and `version`.
  public static let header = FieldSet(
    "headers",
    [
      Field("kernel", .text, meaning: "Kernel release, as printed by `uname -r`.") { snapshot, _ in
        .text(snapshot.host.kernel)
      },
      Field(
        "tier", .text,
        meaning: "`tracepoints`, or `fentry` where the kernel's functions are traced as well."
      ) { snapshot, _ in .text(snapshot.host.tier) },
      Field(
        "sampling", .number,
        meaning: """
          N with `--sample 1/N`, otherwise 1. Counts and latencies cover all requests; `requests` \
          and `recent` contain one request in N.
          """
      ) { snapshot, _ in .integer(snapshot.host.sampling) },
      Field("start", .time, meaning: "Start of the observation.") { snapshot, _ in
        .number(snapshot.host.startTime)
      },
      Field(
        "start_realtime_ns", .number,
        meaning: "Start of the observation in nanoseconds since 1970; 0 if unknown (redacted)."
      ) { snapshot, _ in .number(snapshot.host.startRealtime) },
      Field("time", .time, meaning: "Time of the snapshot.") { snapshot, _ in .number(snapshot.time)
      },
      Field("lost", .number, meaning: "Records lost, for any cause.") { snapshot, _ in
        .number(snapshot.lost.total)
      },
    ])

  /// The members of a snapshot's document after the header.
  public static let snapshot = FieldSet(
    "snapshots",
    [
      Field("records", .number, meaning: "Records consumed.") { snapshot, _ in
        .number(snapshot.recordCount)
      },
      Field("damaged_records", .number, meaning: "Invalid records, which were skipped.") {
        snapshot, _ in .number(snapshot.damagedRecordCount)
      },
      Field(
        "not_listed", .number,
        meaning: """
          Requests in flight that `requests` does not contain: the sum of `not_listed` over \
          `rings`.
          """
      ) { snapshot, _ in .number(snapshot.notListed) },
    ],
    parts: [
      .object(
        "lost_by_cause", FieldSet<LossCounts>.losses, .always,
        meaning: "Records lost, by cause."
      ) { snapshot, _ in snapshot.lost },
      .object(
        "totals", FieldSet<RequestTotals>.totals, .always,
        meaning: "Totals over all rings, including rings that are no longer listed."
      ) { snapshot, _ in snapshot.totals },
      .object(
        "last_second", FieldSet<Rates>.rates,
        meaning: """
          Rates over the last second, all rings; null in the first quarter of a second of the observation.
          """
      ) { snapshot, _ in snapshot.lastSecond.ifMeasured },
      .object(
        "last_minute", FieldSet<Rates>.rates,
        meaning: """
          Rates over the last minute, all rings; null in the first quarter of a second of the observation.
          """
      ) { snapshot, _ in snapshot.lastMinute.ifMeasured },
      .list("rings", FieldSet<Ring>.rings, meaning: "Open and recently closed rings, by `id`.") {
        snapshot, _ in snapshot.rings
      },
      .list("requests", FieldSet<Request>.requests, meaning: "Requests in flight, oldest first.") {
        snapshot, _ in snapshot.requests
      },
      .list(
        "recent", FieldSet<Request>.requests,
        meaning: "Ended requests, newest first, up to the history limit (10,000)."
      ) { snapshot, _ in snapshot.recent },
      .list(
        "chains", FieldSet<Chain>.chains, meaning: "Chains with a member in `requests` or `recent`."
      ) { snapshot, _ in snapshot.chains },
      .list(
        "groups", FieldSet<RequestGroup>.groups,
        meaning: """
          Groups (lent buffers and the requests that use them): first those that have not ended, \
          oldest first; then those that have ended, newest first, up to the history limit.
          """
      ) { snapshot, _ in snapshot.groups },
      .list("buffers", FieldSet<Buffer>.buffers, meaning: "Buffers by ring, kind and index.") {
        snapshot, _ in snapshot.buffers
      },
      .list(
        "disk_requests", FieldSet<DiskRequest>.diskRequests,
        meaning: """
          Block requests that a driver had at the last inventory, on the devices of processes with \
          rings: requests that belong to an io_uring request, and all requests of a ublk device \
          whose server has a ring. Requests that an I/O scheduler holds back are not listed.
          """
      ) { snapshot, _ in snapshot.diskRequests },
      .list(
        "worker_pools", FieldSet<WorkerPool>.workerPools,
        meaning: "io-wq workers of processes that have rings, at the last scan."
      ) { snapshot, _ in snapshot.workerPools },
      .object(
        "waits", FieldSet<Snapshot>.waits,
        meaning: """
          What threads and requests wait for, according to the last look at waits; null if there \
          was none. uringtop takes a look when nothing has happened on a ring for two seconds, \
          every four seconds after that, and with every requested inventory.
          """
      ) { snapshot, _ in snapshot.waits.time == 0 ? nil : snapshot },
      .list(
        "system_calls", FieldSet<SystemCalls>.systemCalls, .nullable,
        meaning: """
          Calls of `io_uring_setup`, `io_uring_enter` and `io_uring_register` since uringtop began \
          to watch them (`--syscalls`), by thread, ring and result; null if they are not watched. \
          Calls of `io_uring_register` are included only if they reached no ring: `register` \
          events of a trace show the others.
          """
      ) { snapshot, _ in snapshot.callsWatchedSince == nil ? nil : snapshot.systemCalls },
      .list(
        "process_limits", FieldSet<(tgid: UInt32, limits: ProcessLimits)>.processLimits,
        meaning: """
          Resource limits of processes that have rings, and of processes whose system calls \
          failed.
          """
      ) { snapshot, _ in
        snapshot.processLimits.sorted { $0.key < $1.key }.map { (tgid: $0.key, limits: $0.value) }
      },
      .list("latency", FieldSet<OpcodeLatency>.latency, meaning: "Latencies by ring and opcode.") {
        snapshot, _ in snapshot.latency
      },
    ])
}

extension FieldSet<LossCounts> {
  fileprivate static let losses = FieldSet(
    "losses",
    [
      .count("ring_buffer_full", "Records lost because the reader fell behind.") {
        $0.ringBufferFull
      },
      .count("output_stalled", "Records lost because the recording's disk fell behind.") {
        $0.outputStalled
      },
      .count("not_run", "Records lost because the kernel skipped a BPF program: an upper bound.") {
        $0.notRun
      },
      .count(
        "uncounted", "Events that found no free counter in the kernel; they are not in `lost`."
      ) { $0.uncounted },
      .count("damaged", "Records lost in blocks of the recording that cannot be read.") {
        $0.damaged
      },
    ])
}

extension FieldSet<RequestTotals> {
  fileprivate static let totals = FieldSet(
    "totals",
    [
      .count("submitted", "Requests submitted.") { $0.submitted },
      .count("found", "Requests that began before the observation.") { $0.found },
      .count("completed", "Requests that ended with a CQE in the ring.") { $0.completed },
      .count(
        "overflowed", "Requests that ended with a CQE that did not fit into the completion queue."
      ) { $0.overflowed },
      .count("skipped", "Requests that ended without a CQE, as the program requested.") {
        $0.skipped
      },
      .count(
        "ended_unseen",
        "Requests whose end no event showed: they ended with their ring, while records were lost, or without a CQE."
      ) { $0.endedUnseen },
      .count("in_flight", "Requests in flight.") { $0.inFlight },
      .count("rings", "Rings seen.") { $0.rings },
    ])
}
