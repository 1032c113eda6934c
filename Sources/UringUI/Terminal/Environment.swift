import Glibc

/// A variable of the process's environment.
func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// Nanoseconds, CLOCK_MONOTONIC.
func monotonicTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
