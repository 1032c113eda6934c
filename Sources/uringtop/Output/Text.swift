import UringBase

/// Numbers for people.
enum Text {
  /// Three digits and a unit, as `1.25ms`.
  static func duration(_ nanoseconds: UInt64) -> String {
    Figures.duration(nanoseconds, .ascii)
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
