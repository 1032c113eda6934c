/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// A sentence that says what the column shows.
  var meaning: String
  var isShown: Bool
  /// False if the column would be shown, but the terminal is too narrow.
  var hasRoom: Bool

  /// The line of the menu.
  var line: String {
    "[\(isShown ? "x" : " ")] \(title)" + (isShown && !hasRoom ? "  no room" : "")
  }
}
