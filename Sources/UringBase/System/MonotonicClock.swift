import Glibc

/// The clock of all times in records, CLOCK_MONOTONIC.
public enum MonotonicClock {
  /// Nanoseconds since boot. Time in suspend does not count.
  public static func now() -> UInt64 { clockTime(CLOCK_MONOTONIC) }
}

/// The time of a system clock, in nanoseconds.
package func clockTime(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

extension MonotonicClock {
  /// The first moment after `now` that is a whole number of intervals after `last`. Moments that
  /// have already passed are skipped.
  package static func moment(after last: UInt64, every interval: UInt64, now: UInt64) -> UInt64 {
    let passed = now > last ? now - last : 0
    return last + (passed / interval + 1) * interval
  }
}
