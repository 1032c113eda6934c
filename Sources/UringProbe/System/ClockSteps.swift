import CBPF
import UringBase

/// Whether somebody has set CLOCK_REALTIME: times of files then say nothing about their age.
enum ClockSteps {
  private static let watch = cbpf_clock_watch()

  /// Starts to notice steps.
  static func begin() { _ = watch }

  /// True if the clock was set since ``begin()``, and where that cannot be known. The descriptor stays readable.
  static var haveHappened: Bool { watch < 0 || cbpf_wait_readable(watch, 0) }
}
