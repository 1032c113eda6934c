/// A column in the menu in which users show and hide columns.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// The meaning of the column, one sentence.
  var meaning: String
  /// The name of the column's field in filters; nil if the column does not show one field.
  var fieldKey: String?
  var isShown: Bool
  /// True if the column is on the screen. Columns that are shown may have no room on a narrow
  /// terminal.
  var hasRoom: Bool

  /// The line of the menu.
  var line: String {
    "[\(isShown ? "x" : " ")] \(title)" + (isShown && !hasRoom ? "  no room" : "")
  }
}
