import Glibc
import Synchronization
import UringBase

/// Calls into the kernel that another program may keep from returning: what a page fault or a file system in user space
/// waits for is up to that program, and only SIGKILL ends such a wait.
enum BoundedCall {
  /// Processes because of which a call has not returned: none further is made for them.
  private static let blocking = Mutex<Set<UInt32>>([])
  /// Each keeps a thread.
  private static let mostBlocking = 16

  /// Runs `body` on a thread of its own. Nil if it has not returned after `limit` nanoseconds; the thread is left
  /// to itself then.
  ///
  /// - Parameter tgid: the process on which it depends.
  static func run<Result: Sendable>(
    for tgid: UInt32, limit: UInt64, _ body: @escaping @Sendable () -> Result
  ) -> Result? {
    guard blocking.withLock({ $0.count < mostBlocking && !$0.contains(tgid) }) else { return nil }
    let answer = Monitor<(result: Result?, isAwaited: Bool)>((nil, true))
    let thread = try? WorkerThread("bounded call", orThrow: ProbeError.thread) {
      let result = body()
      let isAwaited = answer.change { state in
        state.result = result
        return state.isAwaited
      }
      if !isAwaited { _ = blocking.withLock { $0.remove(tgid) } }
    }
    guard let thread else { return nil }
    thread.detach()
    return answer.wait(
      until: MonotonicClock.now() + limit, for: { $0.result != nil },
      then: { state in
        if state.result == nil {
          state.isAwaited = false
          _ = blocking.withLock { $0.insert(tgid) }
        }
        return state.result
      })
  }
}
