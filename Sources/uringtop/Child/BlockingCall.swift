import CSpawn
import Glibc
import UringBase

/// Calls that may block for ever, such as writing to a pipe that nobody reads.
///
/// They run on a thread of their own, so that a signal ends the wait. The signals of ``spawn_block_signals()`` are
/// blocked, and none is taken from a call that returns at once.
enum BlockingCall {
  /// Nanoseconds that a call may take after a signal, if it makes no progress; after a second signal.
  private static let patience: [UInt64] = [10_000_000_000, 1_000_000_000]

  /// - Parameters:
  ///   - signal: arrived already; 0 if none has.
  ///   - isPatient: waits on after a signal, as long as there is progress.
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
        throw Failure(ExitStatus.signal(signal), "")
      }
    }
  }
}

/// The end of a watch: what follows is ended by signals as any program is.
func unblockSignals() {
  // One that was typed again meanwhile asked for what has been done now.
  while spawn_wait_signal(0).number != 0 {}
  spawn_unblock_signals()
}
