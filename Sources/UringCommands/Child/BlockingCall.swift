import CSpawn
import Glibc
import UringBase

/// Calls that may block forever, such as a write to a pipe that nobody reads.
///
/// They run on a separate thread, so that a signal ends the wait. The signals of ``spawn_block_signals()`` are
/// blocked; a call that returns at once consumes none.
enum BlockingCall {
  /// Nanoseconds without progress that a call may take after one signal, and after a second.
  private static let patience: [UInt64] = [10_000_000_000, 1_000_000_000]

  /// - Parameters:
  ///   - signal: a signal that has already arrived; 0 if none has.
  ///   - isPatient: after a signal, keeps waiting as long as there is progress.
  ///   - progress: a value that changes while the call makes progress.
  static func run<R: Sendable>(
    _ name: String, after signal: Int32 = 0, isPatient: Bool = true,
    progress: () -> UInt64 = { 0 }, _ body: @escaping @Sendable () -> R
  ) throws(Failure) -> R {
    let result = Monitor<R?>(nil)
    let thread: WorkerThread
    do throws(ThreadError) {
      thread = try WorkerThread(name, orThrow: ThreadError.init) {
        let value = body()
        result.change { $0 = value }
      }
    } catch {
      throw Failure(error)
    }
    var (signal, count) = (signal, signal == 0 ? 0 : 1)
    var (seen, since) = (progress(), MonotonicClock.now())
    while true {
      let value = result.wait(
        until: MonotonicClock.now() + 50_000_000, for: { $0 != nil }, then: { $0 })
      if let value {
        thread.join()
        return value
      }
      let next = spawn_wait_signal(0).number
      if next != 0, next != SIGCHLD {
        (signal, count, since) = (next, count + 1, MonotonicClock.now())
      }
      let now = progress()
      if now != seen { (seen, since) = (now, MonotonicClock.now()) }
      guard count > 0 else { continue }
      let limit = isPatient ? patience[min(count, patience.count) - 1] : 0
      if MonotonicClock.now().since(since) >= limit {
        thread.detach()
        throw Failure(
          ExitStatus.signal(signal),
          isPatient ? "gave up after the signal, before the output was complete" : "")
      }
    }
  }
}

/// Ends a watch: from now on signals end the program as usual.
func unblockSignals() {
  // Discards further signals: the watch has already ended as they asked.
  while spawn_wait_signal(0).number != 0 {}
  spawn_unblock_signals()
}
