import Glibc
import Synchronization
import UringBase

/// Calls into the kernel that another program may keep from returning: what a page fault or a file system in user space
/// waits for is up to that program.
///
/// The call that does not return must be one that SIGKILL ends: the kernel does not end a process before each of its
/// threads has left the kernel.
enum BoundedCall {
  private struct Processes {
    /// Because of which a call has not returned: none further is made for them.
    var blocking: Set<UInt32> = []
    var unreported: Set<UInt32> = []
  }

  private static let processes = Mutex(Processes())
  /// Each keeps a thread.
  private static let mostBlocking = 16

  /// Runs `body` on a thread of its own. Nil if it has not returned after `limit` nanoseconds; the thread is left
  /// to itself then. Each process that blocks halves the limit, so that many do not add up.
  ///
  /// - Parameter tgid: the process on which it depends.
  static func run<Result: Sendable>(
    for tgid: UInt32, limit: UInt64, _ body: @escaping @Sendable () -> Result
  ) -> Result? {
    let blocking = processes.withLock { processes in
      processes.blocking.contains(tgid) ? mostBlocking : processes.blocking.count
    }
    guard blocking < mostBlocking else { return nil }
    let answer = Monitor<(result: Result?, isAwaited: Bool)>((nil, true))
    let thread = try? WorkerThread("bounded call", orThrow: ProbeError.thread) {
      let result = body()
      let isAwaited = answer.change { state in
        state.result = result
        return state.isAwaited
      }
      if !isAwaited { processes.withLock { _ = $0.blocking.remove(tgid) } }
    }
    guard let thread else { return nil }
    thread.detach()
    return answer.wait(
      until: MonotonicClock.now() + limit >> UInt64(blocking), for: { $0.result != nil },
      then: { state in
        if state.result == nil {
          state.isAwaited = false
          processes.withLock { processes in
            processes.blocking.insert(tgid)
            processes.unreported.insert(tgid)
          }
        }
        return state.result
      })
  }

  /// Processes that have kept a call from returning since the last time this was called.
  static func takeUnreported() -> [UInt32] {
    processes.withLock { processes in
      defer { processes.unreported = [] }
      return processes.unreported.sorted()
    }
  }
}
