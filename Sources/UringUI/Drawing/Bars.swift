/// Pictures made of block characters.
enum Bars {
  private static let rising: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// One row of bars; every value except zero is visible.
  static func spark(_ values: [UInt64]) -> String {
    let most = values.max() ?? 0
    return String(
      values.map { value in
        value == 0
          ? " " : rising[max(0, min(7, Int((Double(value) * 8 / Double(most)).rounded(.up)) - 1))]
      })
  }

  /// A bar on one row that shows a part of a whole. Every part except zero is visible, and only the
  /// whole fills the row.
  static func gauge(_ part: UInt64, of whole: UInt64, width: Int) -> String {
    guard whole > 0, width > 0 else { return "" }
    let share = Double(min(part, whole)) / Double(whole)
    var filled = Int(share * Double(width))
    if part > 0, filled == 0 { filled = 1 }
    if part < whole, filled == width, width > 1 { filled = width - 1 }
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }

  /// Bars over several rows, from the top row down.
  static func columns(_ values: [UInt64], height: Int) -> [String] {
    let most = Double(max(1, values.max() ?? 0))
    let eighths = values.map { value in
      value == 0 ? 0 : max(1, Int((Double(value) * Double(height) * 8 / most).rounded()))
    }
    return (0..<height).map { line in
      let floor = (height - 1 - line) * 8
      return String(
        eighths.map { filled in
          filled <= floor ? " " : rising[min(8, filled - floor) - 1]
        })
    }
  }
}
