import UringFindings
import UringTrace

extension FieldSet<WorkerPool> {
  /// The fields of processes' io-wq workers.
  public static let workerPools = FieldSet(
    "worker pools",
    [
      Field("pid", .number, meaning: "Id of the process that has the io-wq workers.") { pool, _ in
        .integer(pool.tgid)
      },
      Field("workers", .number, meaning: "Number of the process's io-wq workers.") { pool, _ in
        .integer(pool.workers)
      },
      Field("idle", .number, meaning: "Number of io-wq workers without work.") { pool, _ in
        .integer(pool.idle)
      },
      Field(
        "idle_since", .time, .nullable,
        meaning: """
          Time since which every scan has found at least three quarters of the io-wq workers idle; \
          null if the last scan did not.
          """
      ) { pool, _ in .unlessZero(pool.idleSince) },
      Field(
        "processors", .text,
        meaning: "Processors on which the io-wq workers may run, such as `0-3`."
      ) { pool, _ in
        .text(pool.processors)
      },
      Field(
        "program_processors", .text,
        meaning: "Processors on which the process's other threads may run."
      ) { pool, _ in
        .text(pool.programProcessors)
      },
    ])
}

extension FieldSet<ThreadState> {
  /// The fields of threads, as of the last look at waits (a collection of what threads, files and
  /// requests wait for).
  public static let threads = FieldSet(
    "threads",
    [
      Field("tid", .number, meaning: "Id of the thread.") { thread, _ in .integer(thread.tid) },
      Field("pid", .number, meaning: "Id of the thread's process.") { thread, _ in
        .integer(thread.tgid)
      },
      Field("comm", title: "COMMAND", .text, .nullable, meaning: "Name of the thread.") {
        thread, snapshot in
        .unlessEmpty(snapshot.taskNames[thread.tid])
      },
      Field("state", .text, meaning: "State of the thread, a letter as in `/proc/PID/stat`.") {
        thread, _ in
        .text(String(Character(thread.state)))
      },
      Field(
        "since", .time, .nullable,
        meaning: """
          Time since which the thread has not run; null if it is running, or if the time is \
          unknown.
          """
      ) { thread, _ in .unlessZero(thread.since) },
      Field("call", .text, .nullable, meaning: "System call that the thread is in.") { thread, _ in
        .unlessEmpty(thread.call)
      },
      Field("function", .text, .nullable, meaning: "Kernel function in which the thread sleeps.") {
        thread, _ in .unlessEmpty(thread.function)
      },
      Field(
        "fd", .number, .nullable,
        meaning: "Descriptor that is the argument of the thread's system call."
      ) {
        thread, _ in .integer(thread.fd)
      },
    ])
}

extension FieldSet<WaitEdge> {
  /// The fields of waits: edges between a waiting node and the node that it waits for.
  public static let edges = FieldSet(
    "wait edges",
    [
      Field(
        "from", .text,
        meaning: """
          The waiting object: `thread 4711`, `ring 1`, `request 3`, `pipe 815 reading`, `socket \
          816 writing`, `futex 0x1000 of 4711`, `process 4711`, `exit of process 4712`.
          """
      ) { edge, _ in .text(edge.from) },
      Field(
        "to", .text,
        meaning: """
          The object that `from` waits for, written in the same way; `open` at the end of a chain, \
          where `text` gives the reason why `from` can still proceed.
          """
      ) { edge, _ in .text(edge.to) },
      Field("text", .text, meaning: "A clause that describes the wait.") { edge, _ in
        .text(edge.text)
      },
    ])
}

extension FieldSet<Snapshot> {
  /// The last look at waits.
  public static let waits = FieldSet(
    "waits",
    [
      Field(
        "time", .time,
        meaning: "Time at which the look at waits began, or a later look with the same result."
      ) {
        snapshot, _ in .number(snapshot.waits.time)
      },
      Field("complete", .flag, meaning: "False if the look left out threads or descriptors.") {
        snapshot, _ in .flag(snapshot.waits.isComplete)
      },
    ],
    parts: [
      .list(
        "threads", FieldSet<ThreadState>.threads,
        meaning: """
          Threads of processes that have one of the examined rings open, and of processes that \
          could end their waits.
          """
      ) { snapshot, _ in snapshot.waits.threads },
      .list(
        "edges", FieldSet<WaitEdge>.edges,
        meaning: """
          The waits of threads that wait for completions, each followed to its causes. A wait can \
          end when any object that it leads to proceeds.
          """
      ) { snapshot, _ in Waits(snapshot)?.edges ?? [] },
    ])
}
