/// The order, visibility and sorting of a table's columns. Numbers are positions among the table's columns.
struct Arrangement: Hashable, Sendable {
  /// All columns, as they are shown from left to right.
  var order: [Int]
  /// Columns that the user has hidden, and fields that the user has not shown.
  var hidden: Set<Int>
  /// Nil for the rows' own order.
  var sortColumn: Int?
  var isDescending = false
}

/// The same by names, which a configuration keeps.
struct NamedArrangement: Hashable, Sendable {
  /// The columns shown, from left to right.
  var columns: [String]
  /// The sort column; `-` before its name means descending.
  var sort: String?
}
