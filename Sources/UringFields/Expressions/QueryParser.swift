import UringBase
import UringTrace

/// Reads the terms of a ``Query``.
struct QueryParser<Entity: Sendable> {
  private let characters: [Character]
  private var position = 0
  private let fields: FieldSet<Entity>
  /// The filters for which `@name` stands; nil within a named filter, which cannot refer to others.
  private let filters: NamedFilters?

  init(_ text: String, over fields: FieldSet<Entity>, named filters: NamedFilters?) {
    characters = Array(text)
    self.fields = fields
    self.filters = filters
  }

  mutating func parse() throws(QueryError) -> [Query<Entity>.Term] {
    var terms: [Query<Entity>.Term] = []
    while true {
      while position < characters.count, characters[position] == " " { position += 1 }
      guard position < characters.count else { return terms }
      if let term = try term() { terms.append(term) }
    }
  }

  private mutating func term() throws(QueryError) -> Query<Entity>.Term? {
    let isInverted = characters[position] == "!"
    if isInverted { position += 1 }
    let start = position
    if let name = filterName() {
      return .init(isInverted: isInverted, condition: .all(try terms(of: name, at: start)))
    }
    if let (name, operation) = comparisonStart() {
      let field = try field(name, at: start)
      let operandStart = position
      let operands = try operands(try literal(), of: field, operation, at: operandStart)
      return .init(
        isInverted: isInverted,
        condition: .field(field, Comparison(operation: operation, operands: operands)))
    }
    guard let word = TextMatch(try literal()) else {
      if isInverted { throw error(start, "a word or a comparison is expected after !") }
      return nil
    }
    return .init(isInverted: isInverted, condition: .word(word))
  }

  /// Parses the name of a filter (`@name`) and moves the position behind it; returns nil for other
  /// terms, such as the word `@/run/socket`.
  private mutating func filterName() -> String? {
    guard position < characters.count, characters[position] == "@" else { return nil }
    let name = characters[(position + 1)...].prefix { $0 != " " }
    guard !name.isEmpty,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    else { return nil }
    position = name.endIndex
    return String(name)
  }

  private func terms(of name: String, at start: Int) throws(QueryError) -> [Query<Entity>.Term] {
    guard let filters else { throw error(start, "a named filter cannot use another") }
    guard let text = filters[name] else { throw error(start, filters.complaint(about: name)) }
    var parser = QueryParser(text, over: fields, named: nil)
    do throws(QueryError) {
      return try parser.parse()
    } catch let inner {
      throw error(start, "in @\(name), \(inner)")
    }
  }

  /// Parses a name and an operator and moves the position behind them; returns nil for words.
  private mutating func comparisonStart() -> (name: String, Comparison.Operator)? {
    guard !fields.fields.isEmpty else { return nil }
    var end = position
    while end < characters.count, characters[end].isNamePart(isFirst: end == position) { end += 1 }
    guard end > position,
      let operation = Comparison.Operator.allCases.first(where: {
        characters[end...].starts(with: $0.rawValue)
      })
    else { return nil }
    let name = String(characters[position..<end])
    // `example.com:443` is a word, not a comparison.
    if name.contains("."), fields.field(name) == nil { return nil }
    position = end + operation.rawValue.count
    return (name, operation)
  }

  private func field(_ name: String, at start: Int) throws(QueryError) -> Field<Entity> {
    if let field = fields.field(name) { return field }
    throw error(start, fields.complaint(about: name))
  }

  /// Parses text up to a space. Spaces within double quotes are part of the text.
  private mutating func literal() throws(QueryError) -> String {
    var text = ""
    while position < characters.count, characters[position] != " " {
      guard characters[position] == "\"" else {
        text.append(characters[position])
        position += 1
        continue
      }
      let open = position
      guard let close = characters[(open + 1)...].firstIndex(of: "\"") else {
        throw error(open, "the quote is not closed")
      }
      text.append(contentsOf: characters[(open + 1)..<close])
      position = close + 1
    }
    return text
  }

  private func operands(
    _ text: String, of field: Field<Entity>, _ operation: Comparison.Operator, at start: Int
  ) throws(QueryError) -> [Comparison.Operand] {
    guard !text.isEmpty else { throw error(start, "\(field.type.expectation) is expected") }
    if operation.isOrder, !field.type.isOrdered {
      throw error(start, "\(field.key) has no order: use : or =")
    }
    let parts = operation.isOrder ? [text[...]] : text.split(separator: "|")
    var operands: [Comparison.Operand] = []
    for part in parts {
      guard let operand = operand(String(part), of: field, operation) else {
        throw error(start, complaint(about: String(part), of: field))
      }
      operands.append(operand)
    }
    return operands
  }

  private func operand(
    _ text: String, of field: Field<Entity>, _ operation: Comparison.Operator
  ) -> Comparison.Operand? {
    if text == "none", !operation.isOrder { return Comparison.Operand.none }
    let isWhole = operation != .contains
    if !field.choices.isEmpty, !text.contains("*") {
      let sought = text.lowercased()
      let isPossible = field.choices.contains { choice in
        isWhole ? choice.lowercased() == sought : choice.lowercased().contains(sought)
      }
      guard isPossible else { return nil }
    }
    switch field.type {
    case .text, .words: return .text(TextPattern(text, isWhole: isWhole))
    case .flag: return ["yes": true, "no": false][text].map { .flag($0) }
    case .duration, .time: return Quantity.duration(text).map { .number(Int128($0)) }
    case .bytes: return Quantity.bytes(text).map { .number(Int128($0)) }
    case .number, .decimal, .rate, .numbers, .address, .pollEvents, .result:
      let isNegative = text.hasPrefix("-")
      let magnitude = isNegative ? text.dropFirst() : text[...]
      let name = field.type == .result ? ErrorNumber(name: String(magnitude)) : nil
      if let name { return .number(-Int128(name.rawValue)) }
      return Quantity.number(magnitude).map { .number(isNegative ? -Int128($0) : Int128($0)) }
    }
  }

  private func complaint(about text: String, of field: Field<Entity>) -> String {
    guard !field.choices.isEmpty else {
      return "'\(text)' is not \(field.type.expectation)"
    }
    let choices = Dictionary(
      field.choices.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    let near = NearNames.nearest(to: text.lowercased(), in: choices.keys.sorted())
    return "\(field.key) is never '\(text)'" + NearNames.question(near.compactMap { choices[$0] })
  }

  private func error(_ position: Int, _ message: String) -> QueryError {
    QueryError(position: position + 1, message: message)
  }
}

extension Character {
  fileprivate func isNamePart(isFirst: Bool) -> Bool {
    isASCII && (isLetter || self == "_" || !isFirst && (isNumber || self == "."))
  }
}

extension FieldType {
  /// Describes valid operands in messages.
  var expectation: String {
    switch self {
    case .number, .decimal, .rate, .numbers: "a number"
    case .result: "a number, or the name of an error such as EAGAIN"
    case .bytes: "a number of bytes, such as 512 or 4K"
    case .duration, .time: "a time with its unit, such as 30ms"
    case .address: "a number, such as 0x7f00"
    case .pollEvents: "a number, such as 0x1 for POLLIN"
    case .text, .words: "a text"
    case .flag: "yes or no"
    }
  }

  var isOrdered: Bool {
    switch self {
    case .number, .decimal, .rate, .result, .bytes, .duration, .time, .address: true
    case .text, .words, .numbers, .pollEvents, .flag: false
    }
  }
}
