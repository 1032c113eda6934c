/// The comparison of a field's value with a user's operands.
struct Comparison: Sendable {
  enum Operator: String, Sendable, CaseIterable {
    // Longer operators first, because `<=` begins with `<`.
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case contains = ":"
    case equal = "="
    case less = "<"
    case greater = ">"

    var isOrder: Bool { [.atMost, .atLeast, .less, .greater].contains(self) }
  }

  enum Operand: Sendable {
    case none
    case number(Int128)
    case text(TextPattern)
    case flag(Bool)
  }

  var operation: Operator
  /// Alternatives, one of which must match. Comparisons of order, such as `<`, have exactly one.
  var operands: [Operand]

  /// True if the comparison holds for a value. An absent value differs from all operands except
  /// `none`, and has no order.
  func holds(for value: FieldValue) -> Bool {
    switch operation {
    case .contains, .equal: operands.contains { isEqual(value, $0) }
    case .notEqual: !operands.contains { isEqual(value, $0) }
    case .less: order(value).map { $0 < $1 } ?? false
    case .atMost: order(value).map { $0 <= $1 } ?? false
    case .greater: order(value).map { $0 > $1 } ?? false
    case .atLeast: order(value).map { $0 >= $1 } ?? false
    }
  }

  private func order(_ value: FieldValue) -> (Int128, Int128)? {
    guard let number = value.number, case .number(let operand)? = operands.first else { return nil }
    return (number, operand)
  }

  private func isEqual(_ value: FieldValue, _ operand: Operand) -> Bool {
    switch (value, operand) {
    case (.none, .none): true
    case (.text(let text), .text(let pattern)): pattern.matches(text)
    case (.words(let words), .text(let pattern)): words.contains { pattern.matches($0) }
    case (.words(let words), .none): words.isEmpty
    case (.numbers(let numbers), .number(let number)): numbers.contains { Int128($0) == number }
    case (.numbers(let numbers), .none): numbers.isEmpty
    case (.flag(let isSet), .flag(let wanted)): isSet == wanted
    case (_, .number(let number)): value.number == number
    default: false
    }
  }
}

extension FieldValue {
  fileprivate var number: Int128? {
    switch self {
    case .number(let number): Int128(number)
    case .signed(let number): Int128(number)
    case .decimal(let number): Int128(exactly: number.rounded())
    case .none, .text, .words, .numbers, .flag: nil
    }
  }
}
