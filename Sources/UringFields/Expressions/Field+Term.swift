extension Field {
  /// The term of an expression that holds for entities with this value.
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

  /// Characters with a meaning of their own match any text instead.
  private static func quoted(_ text: String) -> String {
    let text = String(text.map { $0 == "\"" || $0 == "|" ? "*" : $0 })
    return text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
  }
}
