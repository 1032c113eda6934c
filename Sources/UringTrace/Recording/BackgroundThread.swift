import Glibc

/// A thread of its own, with all signals blocked, so that they go to the threads that expect them.
final class BackgroundThread: @unchecked Sendable {
  /// Written by `init` and `join` alone, which the owner calls.
  private var thread: pthread_t?

  init(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(run: body)).toOpaque()
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    var created = pthread_t()
    let status = pthread_create(
      &created, nil,
      { @Sendable context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    precondition(status == 0, "cannot start a thread")
    thread = created
  }

  /// Waits for the thread's end.
  func join() {
    guard let thread else { return }
    pthread_join(thread, nil)
    self.thread = nil
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
