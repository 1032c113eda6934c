import UringBase

/// How values of a field become one value for several entities.
public enum FieldTotal: Sendable {
  case sum
  case largest
  /// They do not.
  case none

  /// Before the name of the field.
  var prefix: String {
    switch self {
    case .sum, .none: ""
    case .largest: "max_"
    }
  }

  /// Absent if both are absent.
  func combine(_ one: FieldValue, _ other: FieldValue) -> FieldValue {
    switch (one, other) {
    case (.number(let one), .number(let other)):
      .number(self == .sum ? one.addingSaturated(other) : max(one, other))
    case (.none, let value), (let value, .none): value
    default: .none
    }
  }
}
