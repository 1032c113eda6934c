extension Field {
  /// A term of an expression that selects the entities whose field has this value.
  public func term(for value: FieldValue) -> String {
    switch value {
    case .none: "\(key)=none"
    case .text(let text): "\(key)=\(Self.quoted(text))"
    case .words(let words):
      words.isEmpty
        ? "\(key)=none" : words.map { "\(key)=\(Self.quoted($0))" }.joined(separator: " ")
    case .numbers(let numbers):
      numbers.isEmpty ? "\(key)=none" : numbers.map { "\(key)=\($0)" }.joined(separator: " ")
    case .number, .signed, .decimal, .flag:
      "\(key)=\(type.plainText(value))\(unitKey == key ? "" : "ns")"
    }
  }

  /// The text as an operand, in quotes if necessary. `"` and `|`, which have a meaning in
  /// expressions, become `*`, which matches any text.
  private static func quoted(_ text: String) -> String {
    let text = String(text.map { $0 == "\"" || $0 == "|" ? "*" : $0 })
    return text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
  }
}
