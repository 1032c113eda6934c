/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// What the column shows, as in docs/filters.md.
  var meaning: String
  var isShown: Bool
}
