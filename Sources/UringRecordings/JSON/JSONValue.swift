/// A parsed JSON value.
package enum JSONValue: Sendable, Hashable {
  case null
  case flag(Bool)
  case number(UInt64)
  /// An integer less than 0.
  case signed(Int64)
  case decimal(Double)
  case text(String)
  case list([JSONValue])
  /// The members in the order of the text. No two have the same name.
  case object([Member])

  package struct Member: Sendable, Hashable {
    package var name: String
    package var value: JSONValue

    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The member of an object; nil if there is none.
  package subscript(name: some StringProtocol) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The value at the end of a path of member names such as `buffer.length`. Nil if there is none.
  package subscript(path path: String) -> JSONValue? {
    var value: JSONValue? = self
    for name in path.split(separator: ".") { value = value?[name] }
    return value
  }

  /// The elements of a list; empty for other values.
  package var elements: [JSONValue] {
    if case .list(let elements) = self { elements } else { [] }
  }

  package var number: UInt64? {
    if case .number(let number) = self { number } else { nil }
  }

  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }
}
