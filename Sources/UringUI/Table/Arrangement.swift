/// The order, visibility and sorting of a table's columns. A column is given by its position in
/// ``Table/columns``.
struct Arrangement: Hashable, Sendable {
  /// All columns, as they are shown from left to right.
  var order: [Int]
  /// Columns that are not shown: those that the user has hidden, and columns for further fields
  /// that the user has not added.
  var hidden: Set<Int>
  /// The sort column; nil for the rows' own order.
  var sortColumn: Int?
  var isDescending = false
}

/// The arrangement of a table's columns by names, as the configuration file keeps it.
struct NamedArrangement: Hashable, Sendable {
  /// Names of the columns shown, from left to right.
  var columns: [String]
  /// Name of the sort column; `-` before it means descending.
  var sort: String?
}
