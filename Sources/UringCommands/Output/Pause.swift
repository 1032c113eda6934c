import Glibc
import UringBase

/// Sleeps for the whole time, even if signals interrupt the sleep.
enum Pause {
  static func sleep(nanoseconds: UInt64) {
    let deadline = Deadline(in: nanoseconds)
    while let rest = deadline.remaining(atMost: .max) {
      var rest = timespec(
        tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
      nanosleep(&rest, nil)
    }
  }
}

/// The end of a wait, if it has a limit.
struct Deadline {
  private let time: UInt64?

  init(in nanoseconds: UInt64?) { time = nanoseconds.map { MonotonicClock.now() + $0 } }

  /// Nanoseconds until the deadline, at most `limit`; nil once the deadline has passed.
  func remaining(atMost limit: UInt64) -> UInt64? {
    guard let time else { return limit }
    let now = MonotonicClock.now()
    return now < time ? min(limit, time - now) : nil
  }
}
