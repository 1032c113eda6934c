import UringRecordings

extension Schema {
  /// The first difference between a value and the schema, with its path: `rings[3].id is not a
  /// number`. Nil if there is none. Members that the schema lacks are ignored.
  package func flaw(of value: JSONValue, at path: String = "") -> String? {
    let isRight: Bool
    switch (self, value) {
    case (.nullable, .null): return nil
    case (.nullable(let schema), _): return schema.flaw(of: value, at: path)
    case (.object(_, let members), .object(let values)):
      return Self.flaw(of: values, members, at: path)
    case (.list(let schema), .list(let values)):
      for (index, value) in values.enumerated() {
        if let flaw = schema.flaw(of: value, at: "\(path)[\(index)]") { return flaw }
      }
      return nil
    case (.figures, .object(let values)):
      isRight = values.allSatisfy { $0.value.number != nil && Self.isPlain($0.name) }
    case (.integer, .number), (.integer, .signed), (.decimal, .number), (.decimal, .decimal),
      (.text, .text), (.flag, .flag), (.decimal, .null):
      isRight = true
    // Accepts any text, because later versions can have more choices.
    case (.choice, .text): isRight = true
    case (.hex, .text(let text)): isRight = UInt64(hex: text) != nil
    case (.texts, .list(let values)): isRight = values.allSatisfy { $0.text != nil }
    case (.integers, .list(let values)): isRight = values.allSatisfy { $0.number != nil }
    default: isRight = false
    }
    return isRight ? nil : "\(path.isEmpty ? "the document" : path) is not \(noun)"
  }

  private static func flaw(
    of values: [JSONValue.Member], _ members: [Member], at path: String
  ) -> String? {
    let prefix = path.isEmpty ? "" : path + "."
    var seen = 0
    var position = 0
    for value in values {
      guard let index = index(of: value.name, in: members, near: &position) else { continue }
      if members[index].isRequired { seen += 1 }
      if let flaw = members[index].schema.flaw(of: value.value, at: prefix + value.name) {
        return flaw
      }
    }
    guard seen < members.count(where: \.isRequired) else { return nil }
    let names = Set(values.map(\.name))
    let missing = members.first { $0.isRequired && !names.contains($0.name) }
    return missing.map { "\(prefix)\($0.name) is missing" }
  }

  /// Writes a value in the order of its own members, without members that the schema lacks.
  package func write(_ value: JSONValue, to json: inout JSONWriter) {
    switch (self, value) {
    case (.nullable(let schema), _): schema.write(value, to: &json)
    case (.object(_, let members), .object(let values)):
      json.object { json in
        var position = 0
        for value in values {
          guard let index = Self.index(of: value.name, in: members, near: &position) else {
            continue
          }
          json.key(named: members[index].name)
          members[index].schema.write(value.value, to: &json)
        }
      }
    case (.figures, .object(let values)):
      json.object { json in
        for value in values where Self.isPlain(value.name) {
          json.key(named: value.name)
          Self.write(plain: value.value, to: &json)
        }
      }
    case (.list(let schema), .list(let values)):
      json.array(values) { schema.write($1, to: &$0) }
    default: Self.write(plain: value, to: &json)
    }
  }

  private static func write(plain value: JSONValue, to json: inout JSONWriter) {
    switch value {
    case .null, .object: json.null()
    case .flag(let isSet): json.value(isSet)
    case .number(let number): json.value(number)
    case .signed(let number): json.value(number)
    case .decimal(let number): json.value(number)
    case .text(let text): json.value(text)
    case .list(let values): json.array(values) { write(plain: $1, to: &$0) }
    }
  }

  /// Index of the member `name`. `position` is the index after the last member found, which the
  /// next member usually has.
  private static func index(
    of name: String, in members: [Member], near position: inout Int
  ) -> Int? {
    let index =
      position < members.count && members[position].name == name
      ? position : members.firstIndex { $0.name == name }
    if let index { position = index + 1 }
    return index
  }

  /// True for a name that needs no escapes in JSON.
  private static func isPlain(_ name: String) -> Bool {
    name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }

  private var noun: String {
    switch self {
    case .integer, .decimal: "a number"
    case .hex: "a number as \"0x…\""
    case .text, .choice: "a text"
    case .flag: "true or false"
    case .texts, .integers, .list: "a list of the right type"
    case .object, .figures: "an object of the right type"
    case .nullable(let schema): schema.noun
    }
  }
}

extension UInt64 {
  /// Parses a number such as `0x1f`; nil for text of another form.
  init?(hex text: String) {
    guard text.hasPrefix("0x") else { return nil }
    self.init(text.dropFirst(2), radix: 16)
  }
}
