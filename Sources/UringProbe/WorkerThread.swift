import CBPF
import Glibc

/// A thread of the probe's own. Signals stay with the program's other threads.
struct WorkerThread: ~Copyable, @unchecked Sendable {
  private var thread = pthread_t()

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  init(name: String, _ body: @escaping @Sendable () -> Void) throws(ProbeError) {
    let context = Unmanaged.passRetained(
      Body {
        cbpf_name_thread(name)
        body()
      })
    // the new thread inherits the mask
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    let result = pthread_create(
      &thread, nil,
      { @Sendable context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    guard result == 0 else {
      context.release()
      throw ProbeError(.system, "cannot start a thread: \(errorText(result))")
    }
  }

  /// Waits for its end. Once.
  func join() { pthread_join(thread, nil) }

  func detach() { pthread_detach(thread) }
}
