import Glibc
import UringTrace

/// Waiting.
enum Pause {
  static func sleep(nanoseconds: UInt64) {
    let deadline = MonotonicClock.now() + nanoseconds
    while true {
      let now = MonotonicClock.now()
      guard now < deadline else { return }
      var rest = timespec(
        tv_sec: Int((deadline - now) / 1_000_000_000),
        tv_nsec: Int((deadline - now) % 1_000_000_000))
      nanosleep(&rest, nil)
    }
  }
}
