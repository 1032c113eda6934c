/// The rows of a ``Table``. The underlying collection can create a row when it is accessed.
struct RowList<Row: Sendable>: Sendable {
  let count: Int
  private let row: @Sendable (Int) -> Row

  init<Rows: RandomAccessCollection<Row> & Sendable>(_ rows: Rows) where Rows.Index == Int {
    count = rows.count
    row = { rows[$0] }
  }

  /// The row at a position, from 0.
  subscript(_ position: Int) -> Row { row(position) }
}
