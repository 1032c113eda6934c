import Glibc
import UringBase

/// Text for standard output. Inserted text cannot break lines, and the result is safe for a
/// terminal.
struct PlainText {
  private(set) var text = ""

  var bytes: [UInt8] { Array(text.utf8) }

  /// Maximum width of a cell on a terminal: a path can have 4096 bytes and would widen every row.
  /// Output to a pipe or a file is not shortened.
  static let widestCell = 64
  /// Maximum width, on a terminal, of a name within a sentence.
  static let widestName = isOnTerminal ? 120 : .max

  private static let isOnTerminal = isatty(STDOUT_FILENO) != 0

  mutating func line(_ line: String = "") {
    text += line.printable
    text += "\n"
  }

  mutating func append(_ other: PlainText) { text += other.text }

  /// Adds rows with columns as wide as their widest cell. Columns in `rightAligned` are
  /// right-aligned.
  mutating func table(
    _ rows: [[String]], rightAligned: Set<Int>, widestCell: Int = widestCell
  ) {
    var widths: [Int] = []
    table(rows, rightAligned: rightAligned, widestCell: widestCell, widths: &widths)
  }

  /// Adds rows with columns at least as wide as `widths`, and updates `widths` to the new widths.
  mutating func table(
    _ rows: [[String]], rightAligned: Set<Int>, widestCell: Int = widestCell, widths: inout [Int]
  ) {
    let widest = Self.isOnTerminal ? widestCell : .max
    let rows = rows.map { row in row.map { $0.printable.shortened(to: widest) } }
    guard let columns = rows.first?.count else { return }
    let earlier = widths
    widths = (0..<columns).map { column in
      rows.reduce(column < earlier.count ? earlier[column] : 0) { max($0, $1[column].displayWidth) }
    }
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.displayWidth)
        line += rightAligned.contains(column) ? padding + cell : cell + padding
        line += "  "
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
  }
}
