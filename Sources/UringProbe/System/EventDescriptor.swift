import CBPF
import Glibc

/// An eventfd that wakes a sleeping thread.
final class EventDescriptor: Sendable {
  let descriptor: Int32

  init() throws(ProbeError) {
    descriptor = cbpf_eventfd()
    guard descriptor >= 0 else {
      throw ProbeError(.system, "cannot create an eventfd: \(errorText(descriptor))")
    }
  }

  deinit { close(descriptor) }

  func signal() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Sleeps until another thread calls ``signal()``, for at most this many nanoseconds.
  func wait(nanoseconds: UInt64) {
    if cbpf_wait_readable(descriptor, nanoseconds) { clear() }
  }

  /// Resets the eventfd, so that earlier signals do not end the next ``wait(nanoseconds:)``.
  func clear() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
