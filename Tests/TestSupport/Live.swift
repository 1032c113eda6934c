import Foundation

/// Whether tests with live capture can run here.
public enum Live {
  public static let isRequired =
    ProcessInfo.processInfo.environment["URINGTOP_REQUIRE_LIVE"] == "1"

  /// With URINGTOP_REQUIRE_LIVE=1 they run in any case, and fail where they cannot work.
  public static let isOn = isRequired || getuid() == 0
}
