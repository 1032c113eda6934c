/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// A sentence that says what the column shows.
  var meaning: String
  var isShown: Bool
}
