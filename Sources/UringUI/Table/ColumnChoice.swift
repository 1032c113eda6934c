/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// A sentence that says what the column shows.
  var meaning: String
  var isShown: Bool
  /// True if the column has a place on the screen. One that is shown without a place does not fit the terminal.
  var hasRoom: Bool

  /// The line of the menu.
  var line: String {
    "[\(isShown ? "x" : " ")] \(title)" + (isShown && !hasRoom ? "  no room" : "")
  }
}
