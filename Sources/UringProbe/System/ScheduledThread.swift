import UringBase

/// The scheduler's counters of a thread, and the processors on which it may run.
struct ScheduledThread {
  /// Nanoseconds on a processor so far.
  var ran: UInt64 = 0
  /// Nanoseconds so far in which it was ready but others ran, including a wait that has not ended.
  var delayed: UInt64 { countedDelay + lastingDelay }
  /// The kernel's counter, which includes a wait only after its end.
  var countedDelay: UInt64 = 0
  /// Nanoseconds since the first sample at which it was ready and after which it has not run.
  var lastingDelay: UInt64 = 0
  /// Times that it gave up its processor by itself.
  var slept: UInt64 = 0
  /// SCHED_*
  var policy: UInt32 = 0
  var nice: Int32 = 0
  /// Processors on which it may run: "0-3".
  var processors = ""
  /// Running or waiting for a processor.
  var isReady = false

  /// Nil if the thread does not exist, or the kernel does not count.
  init?(_ tid: UInt32) {
    guard tid != 0, let text = Procfs.text("/proc/\(tid)/schedstat"),
      let status = Procfs.text("/proc/\(tid)/status"),
      let sleeps = Procfs.field("voluntary_ctxt_switches", of: status)
    else { return nil }
    let times = text.split(separator: " ").compactMap { UInt64($0) }
    guard times.count >= 2 else { return nil }
    (ran, countedDelay, slept) = (times[0], times[1], sleeps)
    processors = Procfs.processors(of: status)
    // After the name in parentheses: state is the first, nice the 17th, policy the 39th.
    if let fields = Procfs.fields(ofProcess: tid), fields.count > 38 {
      nice = Int32(fields[16]) ?? 0
      policy = UInt32(fields[38]) ?? 0
      isReady = fields[0] == "R"
    }
  }

  init(ran: UInt64, countedDelay: UInt64, isReady: Bool) {
    (self.ran, self.countedDelay, self.isReady) = (ran, countedDelay, isReady)
  }

  /// True if a record of this look would repeat that of another.
  func isSame(as other: ScheduledThread) -> Bool {
    (ran, delayed, slept) == (other.ran, other.delayed, other.slept)
      && (policy, nice, processors) == (other.policy, other.nice, other.processors)
  }

  /// Counts the span since an earlier look if the thread was ready at both looks and did not run in between.
  mutating func follow(_ earlier: ScheduledThread, after span: UInt64) {
    guard earlier.isReady, isReady,
      (earlier.ran, earlier.countedDelay, earlier.slept) == (ran, countedDelay, slept)
    else { return }
    lastingDelay = earlier.lastingDelay + span
  }
}

extension Procfs {
  /// Processors on which a thread may run, from its status file; empty if the file does not list them.
  static func processors(of status: String) -> String {
    let name = "Cpus_allowed_list:"
    for line in Procfs.lines(status) where line.hasPrefix(name) {
      return String(line.dropFirst(name.utf8.count).drop { $0 == "\t" || $0 == " " })
    }
    return ""
  }
}

/// Measures how many jiffies a second has, which no kernel interface shows.
struct JiffyClock {
  private var first: (jiffies: UInt32, time: UInt64)?
  /// 0 while unknown.
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
    // The longer the span, the less a late sample distorts the rate.
    rate = Self.rates.first { abs(measured / Double($0) - 1) < 0.06 } ?? 0
  }

  func milliseconds(_ jiffies: UInt32) -> UInt32 {
    rate == 0 ? 0 : UInt32(clamping: UInt64(jiffies) * 1000 / UInt64(rate))
  }
}
