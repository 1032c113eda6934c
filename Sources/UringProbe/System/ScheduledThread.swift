import UringBase

/// The scheduler's counters for a thread, and the processors on which the thread may run.
struct ScheduledThread {
  /// Nanoseconds for which the thread has run so far.
  var ran: UInt64 = 0
  /// Nanoseconds for which the thread was ready to run but waited for a processor, including a wait
  /// that has not ended.
  var delayed: UInt64 { countedDelay + lastingDelay }
  /// The kernel's counter of the time spent waiting for a processor. It includes a wait only after
  /// the wait has ended.
  var countedDelay: UInt64 = 0
  /// Nanoseconds of the present wait for a processor, since the first sample that saw it.
  var lastingDelay: UInt64 = 0
  /// Number of times that the thread gave up its processor voluntarily.
  var slept: UInt64 = 0
  /// Scheduling policy, `SCHED_*`.
  var policy: UInt32 = 0
  var nice: Int32 = 0
  /// Processors on which the thread may run, as in "0-3".
  var processors = ""
  /// True if the thread runs or waits for a processor.
  var isReady = false

  /// Reads the counters from /proc; nil if the thread does not exist or the kernel does not
  /// maintain the counters.
  init?(_ tid: UInt32) {
    guard tid != 0, let text = Procfs.text("/proc/\(tid)/schedstat"),
      let status = Procfs.text("/proc/\(tid)/status"),
      let sleeps = Procfs.field("voluntary_ctxt_switches", of: status)
    else { return nil }
    let times = text.split(separator: " ").compactMap { UInt64($0) }
    guard times.count >= 2 else { return nil }
    (ran, countedDelay, slept) = (times[0], times[1], sleeps)
    processors = Procfs.processors(of: status)
    // Fields of /proc/PID/stat after the name in parentheses: 0 is the state, 16 nice, 38 the
    // policy.
    if let fields = Procfs.fields(ofProcess: tid), fields.count > 38 {
      nice = Int32(fields[16]) ?? 0
      policy = UInt32(fields[38]) ?? 0
      isReady = fields[0] == "R"
    }
  }

  init(ran: UInt64, countedDelay: UInt64, isReady: Bool) {
    (self.ran, self.countedDelay, self.isReady) = (ran, countedDelay, isReady)
  }

  /// True if a record of these values would repeat a record of the other values.
  func isSame(as other: ScheduledThread) -> Bool {
    (ran, delayed, slept) == (other.ran, other.delayed, other.slept)
      && (policy, nice, processors) == (other.policy, other.nice, other.processors)
  }

  /// Adds the time since an earlier sample to ``lastingDelay`` if the thread was ready at both
  /// samples and did not run in between.
  ///
  /// - Parameter span: nanoseconds between the two samples.
  mutating func follow(_ earlier: ScheduledThread, after span: UInt64) {
    guard earlier.isReady, isReady,
      (earlier.ran, earlier.countedDelay, earlier.slept) == (ran, countedDelay, slept)
    else { return }
    lastingDelay = earlier.lastingDelay + span
  }
}

extension Procfs {
  /// Returns the processors on which a thread may run, from the text of its status file; empty if
  /// the file does not list them.
  static func processors(of status: String) -> String {
    let name = "Cpus_allowed_list:"
    for line in Procfs.lines(status) where line.hasPrefix(name) {
      return String(line.dropFirst(name.utf8.count).drop { $0 == "\t" || $0 == " " })
    }
    return ""
  }
}

/// Measures the number of jiffies per second (CONFIG_HZ), which no kernel interface reports.
struct JiffyClock {
  private var first: (jiffies: UInt32, time: UInt64)?
  /// Jiffies per second; 0 while unknown.
  private(set) var rate: UInt32 = 0

  private static let rates: [UInt32] = [100, 250, 300, 1000]
  private static let shortestSpan: UInt64 = 400_000_000

  mutating func note(_ jiffies: UInt32, at time: UInt64) {
    guard rate == 0, jiffies != 0 else { return }
    guard let first else {
      self.first = (jiffies, time)
      return
    }
    let span = time.since(first.time)
    guard span >= Self.shortestSpan else { return }
    let measured = Double(jiffies &- first.jiffies) * 1e9 / Double(span)
    // If no rate fits, a later sample is used: the longer the span, the less a delay of a sample
    // distorts the rate.
    rate = Self.rates.first { abs(measured / Double($0) - 1) < 0.06 } ?? 0
  }

  func milliseconds(_ jiffies: UInt32) -> UInt32 {
    rate == 0 ? 0 : UInt32(clamping: UInt64(jiffies) * 1000 / UInt64(rate))
  }
}
