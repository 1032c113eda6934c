/// Numbers for people.
enum Text {
  /// Three digits and a unit, as `1.25ms`.
  static func duration(_ nanoseconds: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"),
    ]
    for (factor, unit) in units where nanoseconds >= factor {
      return "\(threeDigits(Double(nanoseconds) / Double(factor)))\(unit)"
    }
    return "\(nanoseconds)ns"
  }

  static func threeDigits(_ value: Double) -> String {
    let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
    let rounded = (value * decimals).rounded() / decimals
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  /// Without control characters, which may come from file and process names.
  static func clean(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }

  /// Columns as wide as their widest cell; those marked are right-aligned.
  static func table(_ rows: [[String]], rightAligned: Set<Int>) -> String {
    guard let columns = rows.first?.count else { return "" }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = ""
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? padding + cell : cell + padding
        line += "  "
      }
      while line.last == " " { line.removeLast() }
      lines += line + "\n"
    }
    return lines
  }
}
