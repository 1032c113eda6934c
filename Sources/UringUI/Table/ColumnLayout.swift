/// Which columns of a table are shown at a width, and where.
struct ColumnLayout: Hashable, Sendable {
  struct Place: Hashable, Sendable {
    var column: Int
    var x: Int
    var width: Int
  }

  private(set) var places: [Place] = []

  /// Columns are dropped by priority until the rest fit with their least widths; then they grow to
  /// their own widths, and flexible ones share what is left.
  init<Row>(_ columns: [Column<Row>], width: Int) {
    var kept = Array(columns.indices)
    func needed() -> Int {
      kept.reduce(max(0, kept.count - 1)) { $0 + columns[$1].minimumWidth }
    }
    while kept.count > 1, needed() > width {
      let victim = kept.indices.max {
        (columns[kept[$0]].priority, $0) < (columns[kept[$1]].priority, $1)
      }
      guard let victim, columns[kept[victim]].priority > 0 else { break }
      kept.remove(at: victim)
    }

    var widths = kept.map { columns[$0].minimumWidth }
    var left = width - needed()
    // The most important grow first.
    for index in kept.indices.sorted(by: { columns[kept[$0]].priority < columns[kept[$1]].priority })
    where left > 0 {
      let growth = min(left, columns[kept[index]].width - widths[index])
      widths[index] += growth
      left -= growth
    }
    let flexible = kept.indices.filter { columns[kept[$0]].isFlexible }
    for (rank, index) in flexible.enumerated() where left > 0 {
      let share = left / (flexible.count - rank)
      widths[index] += share
      left -= share
    }

    var x = 0
    for (index, column) in kept.enumerated() {
      places.append(Place(column: column, x: x, width: widths[index]))
      x += widths[index] + 1
    }
  }

  /// The column drawn there.
  func column(atX x: Int) -> Int? { places.last { $0.x <= x }?.column }
}
