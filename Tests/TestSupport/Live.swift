import Foundation
import ProbeSupport

/// Tests with live capture.
public enum Live {
  /// True with URINGTOP_REQUIRE_LIVE=1: live tests always run, and fail if they cannot work.
  public static let isRequired =
    ProcessInfo.processInfo.environment["URINGTOP_REQUIRE_LIVE"] == "1"

  /// True if live tests run.
  public static let isOn = TestPrograms.areAllowed
}
