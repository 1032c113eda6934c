import CBPF
import UringBase

/// Detects whether CLOCK_REALTIME was set. After that, the age of a file cannot be computed from
/// its time stamps.
enum ClockSteps {
  private static let watch = cbpf_clock_watch()

  /// Starts to watch the clock.
  static func begin() { _ = watch }

  /// True if the clock was set since ``begin()``, or if this cannot be determined. The descriptor
  /// is not read, so it stays readable and the value stays true.
  static var haveHappened: Bool { watch < 0 || cbpf_wait_readable(watch, 0) }
}
