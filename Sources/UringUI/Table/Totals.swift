import UringFields

/// Rows of a table by the values of a field.
struct Totals: Sendable {
  /// The value, the number of rows that have it, and the totals of other fields.
  var rows: TextRows
  /// For each value, the term of a filter that selects its rows.
  var terms: [String]

  /// A line for the titles and one for each value, in columns.
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
