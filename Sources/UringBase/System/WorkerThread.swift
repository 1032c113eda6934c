import Glibc
import Synchronization

/// A thread of its own, with all signals blocked, so that they go to the thread that expects them.
package final class WorkerThread: Sendable {
  private let thread: UInt
  /// Its number can be another thread's once it has been joined or detached.
  private let isGivenUp = Mutex(false)

  /// - Parameters:
  ///   - name: what `ps -L` shows, at most 15 bytes.
  ///   - failure: what to throw if there can be no thread, by errno.
  package init<Failure: Error>(
    _ name: String, orThrow failure: (_ errno: Int32) -> Failure,
    _ body: @escaping @Sendable () -> Void
  ) throws(Failure) {
    let context = Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
    // The new thread inherits the mask.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    var created = pthread_t()
    let status = pthread_create(
      &created, nil,
      { @Sendable context in
        let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
        WorkerThread.nameThread(body.name)
        body.run()
        return nil
      }, context)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard status == 0 else {
      Unmanaged<Body>.fromOpaque(context).release()
      throw failure(status)
    }
    thread = UInt(created)
  }

  /// For those who cannot do without it: not to be able to start one thread is like having no memory.
  package static func noThread(_ errno: Int32) -> Never {
    fatalError("cannot start a thread: errno \(errno)")
  }

  /// Waits for the thread's end. Idempotent.
  package func join() { giveUp { pthread_join($0, nil) } }

  /// Lets it end by itself, instead of ``join()``.
  package func detach() { giveUp { pthread_detach($0) } }

  private func giveUp(_ call: (pthread_t) -> Int32) {
    isGivenUp.withLock { isGivenUp in
      guard !isGivenUp else { return }
      isGivenUp = true
      _ = call(pthread_t(thread))
    }
  }

  /// Names the calling thread; Swift imports no call for it.
  private static func nameThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY)
    guard file >= 0 else { return }
    var name = name
    _ = name.withUTF8 { write(file, $0.baseAddress, $0.count) }
    close(file)
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
