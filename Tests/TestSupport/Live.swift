import Foundation
import ProbeSupport

/// The conditions for tests with live capture.
public enum Live {
  /// True if URINGTOP_REQUIRE_LIVE=1. Live tests then always run, and fail if live capture is
  /// impossible.
  public static let isRequired =
    ProcessInfo.processInfo.environment["URINGTOP_REQUIRE_LIVE"] == "1"

  /// True if live tests run.
  public static let isOn = TestPrograms.areAllowed
}
