/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// One sentence; empty if the title is clear by itself.
  var meaning: String
  var isShown: Bool
}
