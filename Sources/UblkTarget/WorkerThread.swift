import CURing
import Glibc

/// A thread of its own, with all signals blocked, so that they go to the thread that expects them.
final class WorkerThread: Sendable {
  private let thread: UInt

  /// `name` is what `ps -L` shows, at most 15 bytes.
  init(name: String, _ body: @escaping @Sendable () -> Void) throws(TargetError) {
    let context = Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    var created = pthread_t()
    let status = pthread_create(
      &created, nil,
      { @Sendable context in
        let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
        curing_name_thread(body.name)
        body.run()
        return nil
      }, context)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard status == 0 else {
      Unmanaged<Body>.fromOpaque(context).release()
      throw TargetError("cannot start a thread", code: status)
    }
    thread = UInt(created)
  }

  /// The calling thread's number, as in /proc.
  static var currentID: Int32 { curing_thread_id() }

  /// Waits for the thread's end. Once.
  func join() { pthread_join(pthread_t(thread), nil) }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }
}
