import Glibc
import Synchronization
import UringBase

/// Calls into the kernel that another program can keep from returning, for example a page fault or a file system that
/// the program handles. SIGKILL must be able to end them: see ``SeparateCall``.
enum BoundedCall {
  private struct Processes {
    /// Processes with a call that has not returned; no further calls are made for them.
    var blocking: Set<UInt32> = []
    var unreported: Set<UInt32> = []
  }

  private static let processes = Mutex(Processes())
  /// Maximum number of processes that block; each keeps a thread busy.
  private static let mostBlocking = 16

  /// Runs `body` on a separate thread. Returns nil if it has not returned after `limit` nanoseconds; the thread is then
  /// abandoned. Each process that blocks halves the limit, so that the delays do not add up.
  ///
  /// - Parameter tgid: the process that the call depends on.
  static func run<Result: Sendable>(
    for tgid: UInt32, limit: UInt64, _ body: @escaping @Sendable () -> Result
  ) -> Result? {
    let blocking = processes.withLock { processes in
      processes.blocking.contains(tgid) ? mostBlocking : processes.blocking.count
    }
    guard blocking < mostBlocking else { return nil }
    let call = try? SeparateCall(
      "bounded call", orThrow: ProbeError.thread, body,
      late: { processes.withLock { _ = $0.blocking.remove(tgid) } })
    guard let call else { return nil }
    if let result = call.result(until: MonotonicClock.now() + limit >> UInt64(blocking)) {
      return result
    }
    return call.abandon {
      processes.withLock { processes in
        processes.blocking.insert(tgid)
        processes.unreported.insert(tgid)
      }
    }
  }

  /// Processes that have kept a call from returning since the last ``takeUnreported()``.
  static func takeUnreported() -> [UInt32] {
    processes.withLock { processes in
      defer { processes.unreported = [] }
      return processes.unreported.sorted()
    }
  }
}
