import UringBase
import UringConfiguration
import UringFields

/// The user's choice of columns.
extension Table {
  var sortColumn: Int? { arrangement.sortColumn }
  var isDescending: Bool { arrangement.isDescending }

  /// All columns in their order.
  var columnChoices: [ColumnChoice] {
    arrangement.order.map { index in
      let column = columns[index]
      return ColumnChoice(
        title: column.title,
        meaning: column.meaning ?? field(of: column)?.meaning ?? "",
        fieldKey: field(of: column)?.key,
        isShown: !arrangement.hidden.contains(index),
        hasRoom: layout.places.contains { $0.column == index })
    }
  }

  /// Shows or hides a column. The last column shown cannot be hidden.
  ///
  /// - Parameter position: position in ``columnChoices``.
  mutating func toggleColumn(_ position: Int) {
    let index = arrangement.order[position]
    if arrangement.hidden.remove(index) != nil { return }
    if arrangement.hidden.count + 1 < columns.count { arrangement.hidden.insert(index) }
  }

  /// Exchanges a column with its right neighbour or, with a negative step, with its left one.
  /// Returns its new position.
  mutating func moveColumn(_ position: Int, by step: Int) -> Int {
    let target = position + step.signum()
    guard arrangement.order.indices ~= target else { return position }
    arrangement.order.swapAt(position, target)
    return target
  }

  // MARK: Names

  var namedArrangement: NamedArrangement {
    let shown = arrangement.order.filter { !arrangement.hidden.contains($0) }
    return NamedArrangement(
      columns: shown.map { name(ofColumn: $0) },
      sort: sortColumn.map { (isDescending ? "-" : "") + name(ofColumn: $0) })
  }

  /// The key of the field that a column shows; the column's title in lower case if it shows none.
  private func name(ofColumn index: Int) -> String {
    let column = columns[index]
    return field(of: column)?.key ?? column.title.lowercased()
  }

  private func field(of column: Column<Row>) -> Field<Row>? {
    fields.fields.first { column.shows($0) }
  }

  /// The column with a name or a title.
  private func column(named name: String) -> Int? {
    let name = name.lowercased()
    return columns.indices.first { self.name(ofColumn: $0) == name }
      ?? columns.indices.first { columns[$0].title.lowercased() == name }
  }

  private func complaint(about name: String) -> String {
    "this table has no such column"
      + NearNames.hint(
        for: String(name.lowercased().prefix(40)),
        in: columns.indices.map { self.name(ofColumn: $0) })
  }

  /// Arranges the columns by a configuration, and returns the mistakes in it.
  mutating func arrange(by settings: Configuration.Table) -> [Mistake] {
    var mistakes: [Mistake] = []
    if let names = settings.columns {
      var shown: [Int] = []
      for name in names {
        if let column = column(named: name.value) {
          if !shown.contains(column) { shown.append(column) }
        } else {
          mistakes.append(Mistake(name.offset, complaint(about: name.value)))
        }
      }
      if !shown.isEmpty {
        let others = columns.indices.filter { !shown.contains($0) }
        arrangement.order = shown + others
        arrangement.hidden = Set(others)
      } else if names.isEmpty {
        mistakes.append(Mistake(settings.offset, "a table needs at least one column"))
      }
    }
    if let sort = settings.sort {
      let isDescending = sort.value.hasPrefix("-")
      let name = isDescending ? String(sort.value.dropFirst()) : sort.value
      if let column = column(named: name), columns[column].order != nil {
        arrangement.sortColumn = column
        arrangement.isDescending = isDescending
      } else {
        let isKnown = column(named: name) != nil
        mistakes.append(
          Mistake(
            sort.offset, isKnown ? "rows cannot be sorted by this column" : complaint(about: name)))
      }
    }
    return mistakes
  }
}
