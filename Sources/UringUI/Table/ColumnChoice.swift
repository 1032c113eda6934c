/// A column in the list from which users choose.
struct ColumnChoice: Hashable, Sendable {
  var title: String
  /// One sentence; empty if its title says all.
  var meaning: String
  var isShown: Bool
}
