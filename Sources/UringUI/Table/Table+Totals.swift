import UringFields

extension Table {
  var totalsTitles: [String] { fields.fields.map(\.title) }

  /// Totals of the rows that pass the filter, for each value of a field.
  func totals(by position: Int, _ scene: Scene) -> Totals {
    let field = fields.fields[position]
    let shown = columns.indices.filter { !arrangement.hidden.contains($0) }.map { columns[$0] }
    let table = FieldTable(
      fields.fields.compactMap { field in
        shown.first { $0.shows(field) }.map { field.titled($0.title) }
      })
    let totals = table.totals(by: field, (0..<count).map { row($0) }, in: scene.snapshot)
    return Totals(rows: totals.rows, terms: totals.values.map { field.term(for: $0) })
  }
}
