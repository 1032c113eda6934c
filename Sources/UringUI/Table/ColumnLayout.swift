/// The columns of a table that are shown at a width, and their positions.
struct ColumnLayout: Hashable, Sendable {
  struct Place: Hashable, Sendable {
    var column: Int
    var x: Int
    var width: Int
  }

  private(set) var places: [Place] = []

  /// Lays out the columns. First, columns are dropped by priority until the others fit with their
  /// minimum widths, and the least important ones until the others have room for their text. Then
  /// columns grow, the most important first: to the width that their text needs, then to their own
  /// widths. Room that no column needs is given to pictures, or stays free at the right end.
  ///
  /// - Parameters:
  ///   - order: positions of the columns from left to right; nil for the order of `columns`.
  ///   - needs: width that the text of each column needs, 0 for a column without such a need; empty
  ///     for none.
  ///   - hidden: columns that are never shown.
  ///   - empty: columns without any text, which are dropped if other columns need more room.
  init<Row>(
    _ columns: [Column<Row>], order: [Int]? = nil, needs: [Int] = [], hidden: Set<Int> = [],
    empty: Set<Int> = [], width: Int
  ) {
    var kept = (order ?? Array(columns.indices)).filter { !hidden.contains($0) }
    func need(_ column: Int) -> Int { needs.isEmpty ? 0 : needs[column] }
    func total(_ width: (Int) -> Int) -> Int {
      kept.reduce(max(0, kept.count - 1)) { $0 + width($1) }
    }
    func comfortable(_ column: Int) -> Int {
      max(columns[column].minimumWidth, min(columns[column].width, need(column)))
    }
    func least(_ column: Int) -> Int {
      columns[column].keepsText ? comfortable(column) : columns[column].minimumWidth
    }
    func wanted(_ column: Int) -> Int { max(least(column), need(column)) }
    let giving = kept.filter { empty.contains($0) && columns[$0].priority > 0 }
    for column in giving.sorted(by: { columns[$0].priority > columns[$1].priority })
    where kept.count > 1 && total(wanted) > width {
      kept.removeAll { $0 == column }
    }
    while kept.count > 1 {
      let victim = kept.indices.max {
        (columns[kept[$0]].priority, $0) < (columns[kept[$1]].priority, $1)
      }
      guard let victim, columns[kept[victim]].priority > 0 else { break }
      let isExtra = columns[kept[victim]].priority >= Self.extra
      guard total(isExtra ? comfortable : least) > width else { break }
      kept.remove(at: victim)
    }

    var widths = kept.map(least)
    var left = width - total(least)
    let byImportance = kept.indices.sorted {
      (columns[kept[$0]].priority, $0) < (columns[kept[$1]].priority, $1)
    }
    // A picture can become narrower than its minimum width.
    for index in kept.indices where left < 0 && columns[kept[index]].growth == .toRest {
      let shrinkage = min(-left, widths[index] - 1)
      widths[index] -= shrinkage
      left += shrinkage
    }
    func grow(to target: (Int) -> Int) {
      for index in byImportance where left > 0 {
        let growth = max(0, min(left, target(kept[index]) - widths[index]))
        widths[index] += growth
        left -= growth
      }
    }
    grow { min(columns[$0].width, need($0)) }
    grow { columns[$0].growth == .toContent ? need($0) : 0 }
    grow { columns[$0].width }
    let pictures = kept.indices.filter { columns[kept[$0]].growth == .toRest }
    for (rank, index) in pictures.enumerated() where left > 0 {
      let share = left / (pictures.count - rank)
      widths[index] += share
      left -= share
    }

    var x = 0
    for (index, column) in kept.enumerated() {
      places.append(Place(column: column, x: x, width: widths[index]))
      x += widths[index] + 1
    }
  }

  /// Columns with this priority or a higher number must not take room that other columns need.
  private static let extra = 7

  /// The column drawn at a position.
  func column(atX x: Int) -> Int? {
    places.last { $0.x <= x && x <= $0.x + $0.width }?.column
  }
}
