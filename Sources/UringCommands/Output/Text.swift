import UringBase

/// Numbers for people.
enum Text {
  /// Three digits and a unit, as `1.25ms`.
  static func duration(_ nanoseconds: UInt64) -> String {
    Figures.duration(nanoseconds, .ascii)
  }
}
