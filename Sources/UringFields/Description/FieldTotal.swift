import UringBase
import UringTrace

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

/// The total of a field's values so far.
struct RunningTotal: Sendable {
  private(set) var value = FieldValue.none
  /// True if the total is only a lower bound, because a value is.
  private(set) var isBound = false
  private var unit: OpcodeProperties.Length?
  /// True once there were values of two units, which have no total.
  private var isMixed = false

  /// - Parameter unit: nil if all values have the same.
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
