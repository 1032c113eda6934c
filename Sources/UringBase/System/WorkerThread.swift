import CProcess
import Glibc
import Synchronization

/// A separate thread. It blocks all signals except those of crashes, so that other signals reach
/// the thread that expects them.
package final class WorkerThread: Sendable {
  private let thread: UInt
  /// True after the thread was joined or detached. The handle must not be used again, because a new
  /// thread can then have the same one.
  private let isGivenUp = Mutex(false)

  /// - Parameters:
  ///   - name: the name that `ps -L` shows, at most 15 bytes.
  ///   - failure: returns the error to throw, given an errno, if no thread can be started.
  package init<Failure: Error>(
    _ name: String, orThrow failure: (_ errno: Int32) -> Failure,
    _ body: @escaping @Sendable () -> Void
  ) throws(Failure) {
    let context = Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
    // The new thread inherits the signal mask.
    var before = sigset_t()
    process_block_signals(&before)
    var created = pthread_t()
    let status = pthread_create(
      &created, nil,
      { @Sendable context in
        let name = Unmanaged<Body>.fromOpaque(context!).takeUnretainedValue().name
        process_run_thread(
          name, { Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run() }, context)
        return nil
      }, context)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard status == 0 else {
      Unmanaged<Body>.fromOpaque(context).release()
      throw failure(status)
    }
    thread = UInt(created)
  }

  /// Waits for the thread's end. Idempotent.
  package func join() { giveUp { pthread_join($0, nil) } }

  /// Detaches the thread, instead of ``join()``.
  package func detach() { giveUp { pthread_detach($0) } }

  private func giveUp(_ call: (pthread_t) -> Int32) {
    isGivenUp.withLock { isGivenUp in
      guard !isGivenUp else { return }
      isGivenUp = true
      _ = call(pthread_t(thread))
    }
  }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }
}
