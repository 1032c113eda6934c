import UringBase

/// Numbers for people.
enum Text {
  /// For columns: `1.25ms`.
  static func duration(_ nanoseconds: UInt64) -> String {
    Figures.duration(nanoseconds, .ascii)
  }

  /// For sentences, as in findings: `1.25 ms`.
  static func proseDuration(_ nanoseconds: UInt64) -> String {
    Figures.duration(nanoseconds, .prose)
  }
}
