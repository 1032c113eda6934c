/// The io-wq workers of a process: threads that run what io_uring cannot do at once.
public struct WorkerPool: Sendable, Hashable {
  public var tgid: UInt32
  public var workers: UInt32
  /// Those without work.
  public var idle: UInt32
  /// Since when three quarters or more were idle at each look; nanoseconds, CLOCK_MONOTONIC; 0 if they are not.
  public var idleSince: UInt64
  /// Where they may run, as "0-3,5"; empty if not known.
  public var processors: String
  /// Where the application's threads may run.
  public var programProcessors: String
}

/// The scheduler's counters of a ring's SQ thread since the first look at it.
public struct SQThreadWork: Sendable, Hashable {
  /// Nanoseconds on a processor.
  public var ran: UInt64
  /// Nanoseconds in which it was ready and others ran.
  public var delayed: UInt64
  /// Times that it went to sleep.
  public var slept: UInt64

  package init(ran: UInt64 = 0, delayed: UInt64 = 0, slept: UInt64 = 0) {
    (self.ran, self.delayed, self.slept) = (ran, delayed, slept)
  }

  package func since(_ earlier: Self) -> Self {
    SQThreadWork(
      ran: ran &- earlier.ran, delayed: delayed &- earlier.delayed, slept: slept &- earlier.slept)
  }
}

/// How a ring's SQ thread is scheduled.
public struct SQThreadSetup: Sendable, Hashable {
  /// Milliseconds that it polls before it sleeps, in whole ticks of the kernel; nil if not known.
  public var idle: UInt32?
  /// SCHED_*
  public var policy: UInt32
  public var nice: Int32
  /// Where it may run, as "0-3,5"; empty if not known.
  public var processors: String
}
