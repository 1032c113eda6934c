/// The way in which a field or a part appears in the JSON object of its entity.
public enum Presence: Sendable {
  /// Always with a value.
  case always
  /// Null if the value is absent.
  case nullable
  /// Omitted if the value is absent.
  case ifKnown
  /// Never in JSON: a field only for columns and filters.
  case tableOnly
}
