import CBPF
import Glibc

/// Wakes a thread that sleeps: an eventfd.
struct EventDescriptor: ~Copyable, Sendable {
  private let descriptor: Int32

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

  /// Sleeps until signalled, or for so many nanoseconds.
  func wait(nanoseconds: UInt64) {
    guard cbpf_wait_readable(descriptor, nanoseconds) else { return }
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
