import CBPF
import UringBase

/// Detects whether CLOCK_REALTIME was set: file times then do not show the files' age.
enum ClockSteps {
  private static let watch = cbpf_clock_watch()

  /// Starts to watch for steps.
  static func begin() { _ = watch }

  /// True if the clock was set since ``begin()``, or if that cannot be known. The descriptor stays readable.
  static var haveHappened: Bool { watch < 0 || cbpf_wait_readable(watch, 0) }
}
