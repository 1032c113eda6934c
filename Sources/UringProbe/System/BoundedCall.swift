import Glibc
import Synchronization
import UringBase

/// A time limit for calls into the kernel that another process can keep from returning.
///
/// For example, that process may have to handle a page fault or serve a file system. The code that
/// runs with the limit must only make calls that SIGKILL can end, so that an abandoned call cannot
/// keep uringtop from exiting; see ``SeparateCall``.
enum BoundedCall {
  private struct Processes {
    /// Processes for which a call was abandoned and has not returned; no further call is made for
    /// them until it returns.
    var blocking: Set<UInt32> = []
    var unreported: Set<UInt32> = []
  }

  private static let processes = Mutex(Processes())
  /// Maximum number of processes with an abandoned call; each such call occupies a thread.
  private static let mostBlocking = 16

  /// Runs `body` on a separate thread. Returns nil if `body` has not returned after `limit`
  /// nanoseconds; the thread is then abandoned.
  ///
  /// Each process with an abandoned call halves the limit, so that the delays do not add up.
  ///
  /// - Parameter tgid: the process on which the call depends.
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

  /// Returns the processes for which a call was abandoned since the last ``takeUnreported()``.
  static func takeUnreported() -> [UInt32] {
    processes.withLock { processes in
      defer { processes.unreported = [] }
      return processes.unreported.sorted()
    }
  }
}
