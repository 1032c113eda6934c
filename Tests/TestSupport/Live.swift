import Foundation
import ProbeSupport

/// Tests with live capture.
public enum Live {
  /// With URINGTOP_REQUIRE_LIVE=1 live tests run in any case, and fail where they cannot work.
  public static let isRequired =
    ProcessInfo.processInfo.environment["URINGTOP_REQUIRE_LIVE"] == "1"

  /// Live tests run.
  public static let isOn = TestPrograms.areAllowed
}
