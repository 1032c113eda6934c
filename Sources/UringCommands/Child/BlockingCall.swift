import CSpawn
import Glibc
import UringBase

/// Calls that may block forever, such as a write to a pipe that nobody reads.
///
/// A call runs on a separate thread, so that a signal can end the wait for it. The caller must have
/// blocked the signals of ``spawn_block_signals()``. If the call returns at once, no pending signal
/// is consumed.
enum BlockingCall {
  /// Nanoseconds that a call may take without progress after the first signal, and after the
  /// second.
  private static let patience: [UInt64] = [10_000_000_000, 1_000_000_000]

  /// - Parameters:
  ///   - signal: a signal that has already arrived; 0 if none has.
  ///   - isPatient: true if the wait continues after a signal, as long as there is progress.
  ///   - progress: a value that changes while the call makes progress.
  static func run<R: Sendable>(
    _ name: String, after signal: Int32 = 0, isPatient: Bool = true,
    progress: () -> UInt64 = { 0 }, _ body: @escaping @Sendable () -> R
  ) throws(Failure) -> R {
    let call: SeparateCall<R>
    do throws(ThreadError) {
      call = try SeparateCall(name, orThrow: ThreadError.init, body)
    } catch {
      throw Failure(error)
    }
    var (signal, count) = (signal, signal == 0 ? 0 : 1)
    let result = call.result(
      patience: {
        let next = spawn_wait_signal(0).number
        if next != 0, next != SIGCHLD { (signal, count) = (next, count + 1) }
        guard count > 0 else { return nil }
        return isPatient ? patience[min(count, patience.count) - 1] : 0
      },
      // Each signal counts as progress, so that its patience begins with the signal.
      progress: { progress() &+ UInt64(count) })
    if let result { return result }
    throw Failure(
      ExitStatus.signal(signal),
      isPatient ? "gave up after the signal, before the output was complete" : "")
  }
}

/// Unblocks signals after a watch. From now on they end the program as usual.
func unblockSignals() {
  // Discards pending signals: the watch that they were meant to end has ended.
  while spawn_wait_signal(0).number != 0 {}
  spawn_unblock_signals()
}
