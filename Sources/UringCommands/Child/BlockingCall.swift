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
      // The wait begins again with each signal.
      progress: { progress() &+ UInt64(count) })
    if let result { return result }
    throw Failure(
      ExitStatus.signal(signal),
      isPatient ? "gave up after the signal, before the output was complete" : "")
  }
}

/// Ends a watch: from now on signals end the program as usual.
func unblockSignals() {
  // Discards further signals: the watch has already ended as they asked.
  while spawn_wait_signal(0).number != 0 {}
  spawn_unblock_signals()
}
