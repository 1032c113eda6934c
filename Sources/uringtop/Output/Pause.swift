import Glibc

/// Waiting.
enum Pause {
  static func sleep(nanoseconds: UInt64) {
    var rest = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while nanosleep(&rest, &rest) != 0, errno == EINTR {}
  }
}
