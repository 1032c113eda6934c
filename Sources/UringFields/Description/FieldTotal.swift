import UringBase
import UringTrace

/// The way in which the values of a field for several entities become one value.
public enum FieldTotal: Sendable {
  case sum
  case largest
  /// The values have no total.
  case none

  /// Prefix of the total's name, before the name of the field.
  var prefix: String {
    switch self {
    case .sum, .none: ""
    case .largest: "max_"
    }
  }

  /// Combines two values of a field; the result is absent if both are absent.
  func combine(_ one: FieldValue, _ other: FieldValue) -> FieldValue {
    switch (one, other) {
    case (.number(let one), .number(let other)):
      .number(self == .sum ? one.addingSaturated(other) : max(one, other))
    case (.none, let value), (let value, .none): value
    default: .none
    }
  }
}

/// The total of a field's values so far.
struct RunningTotal: Sendable {
  private(set) var value = FieldValue.none
  /// True if the total is only a lower bound, because at least one value is.
  private(set) var isBound = false
  private var unit: OpcodeProperties.Length?
  /// True after values of two units were added: these have no total.
  private var isMixed = false

  /// - Parameter unit: the unit of the value; nil if all values have the same unit.
  mutating func add(
    _ other: FieldValue, of unit: OpcodeProperties.Length?, isBound: Bool, by total: FieldTotal
  ) {
    guard other != .none, !isMixed else { return }
    self.isBound = self.isBound || isBound
    isMixed = value != .none && unit != self.unit
    self.unit = unit
    value = isMixed ? .none : total.combine(value, other)
  }
}
