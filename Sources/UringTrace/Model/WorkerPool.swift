/// The io-wq workers of a process: threads that run operations that io_uring cannot complete at
/// once.
public struct WorkerPool: Sendable, Hashable {
  public var tgid: UInt32
  public var workers: UInt32
  /// Number of workers without work.
  public var idle: UInt32
  /// Time since which every scan for rings has found three quarters or more of the workers idle;
  /// nanoseconds, CLOCK_MONOTONIC, 0 if the last scan found fewer.
  public var idleSince: UInt64
  /// Processors on which the workers may run, as "0-3,5"; empty if unknown.
  public var processors: String
  /// Processors on which the application's threads may run.
  public var programProcessors: String
}

/// The scheduler's counters of a ring's SQ thread since the first scan that saw the thread.
public struct SQThreadWork: Sendable, Hashable {
  /// Nanoseconds for which the thread ran.
  public var ran: UInt64
  /// Nanoseconds for which the thread was ready to run while other threads ran.
  public var delayed: UInt64
  /// Number of times that the thread went to sleep.
  public var slept: UInt64

  package init(ran: UInt64 = 0, delayed: UInt64 = 0, slept: UInt64 = 0) {
    (self.ran, self.delayed, self.slept) = (ran, delayed, slept)
  }

  package func since(_ earlier: Self) -> Self {
    SQThreadWork(
      ran: ran &- earlier.ran, delayed: delayed &- earlier.delayed, slept: slept &- earlier.slept)
  }
}

/// Scheduling parameters of a ring's SQ thread.
public struct SQThreadSetup: Sendable, Hashable {
  /// Milliseconds for which the thread polls before it sleeps, a whole number of kernel ticks; nil
  /// if unknown.
  public var idle: UInt32?
  /// Scheduling policy, `SCHED_*`.
  public var policy: UInt32
  public var nice: Int32
  /// Processors on which the thread may run, as "0-3,5"; empty if unknown.
  public var processors: String
}
