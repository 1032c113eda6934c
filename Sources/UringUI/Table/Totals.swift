import UringFields

/// Totals of a table's rows, by the values of a field.
struct Totals: Sendable {
  /// A row for each value: the value, the number of table rows that have it, and the totals of
  /// other fields.
  var rows: TextRows
  /// The filter term for each value, which selects the table rows with that value.
  var terms: [String]

  /// A line of titles, and a line for each value, aligned in columns.
  var lines: [String] {
    let cells = rows.lines
    let widths = rows.columns.indices.map { column in
      cells.reduce(0) { max($0, $1[column].displayWidth) }
    }
    return cells.map { line in
      line.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.displayWidth)
        return rows.columns[column].isNumeric ? space + text : text + space
      }.joined(separator: "  ")
    }
  }
}
