/// Converts a field's declaration and annotations into its description.
struct FieldResolver {
  let headers: Headers
  let structure: Headers.Structure
  let field: Headers.Field
  let offset: Int
  /// Size in bytes of the field or, for an array, of one element.
  let width: Int
  /// The struct's fields up to and including this one, by name.
  let scalars: [String: RecordDescription.Scalar]
  let condition: RecordDescription.Scalar?
  let schema: Int
  let vocabulary: (String) -> RecordDescription.Vocabulary

  private static let annotations: Set<String> = [
    "json", "unit", "hex", "bool", "signed", "names", "requestFlags", "bits", "line", "null",
    "omit",
    "added", "reused", "or", "if", "object", "derive", "text", "pairs", "hidden",
    "any", "summed", "redact",
  ]
  /// Arguments of `@derive`: members of JSON that the encoder computes from the field's value.
  static let derived: Set<String> = [
    "errno", "cqe_flags", "register_name", "ublk_command", "fuse_command", "cmd_op",
  ]
  static let flagNames: Set<String> = ["setup", "sqe"]
  /// Arguments of `@redact`, each with the shape of the fields for which it is valid.
  private static let redactions: [String: Shape] = [
    "kernel": .number, "user": .number, "word": .number, "off": .number, "addr": .number,
    "addr3": .number, "pad2": .number, "time": .number, "inode": .number, "number": .number,
    "erase": .number, "argument": .words, "comm": .characters, "text": .trailing,
    "frames": .trailing, "addresses": .trailing,
  ]

  private enum Shape { case number, words, characters, trailing }

  /// Returns the description; nil for a field that is not a member in JSON (reserved or `@hidden`).
  func resolved() throws -> RecordDescription.Field? {
    let comment = field.comment
    if let unknown = comment.annotations.first(where: { !Self.annotations.contains($0.name) }) {
      throw failure("@\(unknown.name) does not belong to a field")
    }
    if field.name.hasPrefix("reserved") || comment["hidden"] != nil { return nil }
    guard structure.name == "record" || !comment.text.isEmpty else {
      throw failure("\(field.name) has no meaning in its comment")
    }
    var result = plain(try format())
    result.name =
      comment["text"]?.first ?? comment["pairs"]?.first ?? comment["json"]?.first
      ?? field.name
    if let derived = comment["derive"] {
      guard derived.count == 1, Self.derived.contains(derived[0]) else {
        throw failure("expected @derive \(Self.derived.sorted().joined(separator: " | "))")
      }
      result.derived = derived[0]
    }
    if let null = comment["null"] {
      result.null = null.first.flatMap(RecordDescription.Field.Null.init)
      guard result.null == .max || result.null == .negative else {
        throw failure("expected @null max or @null negative")
      }
    }
    result.omitted = try omitted()
    result.alternative = try alternative()
    result.isAny = comment["any"] != nil
    result.isSummed = comment["summed"] != nil
    guard !result.isSummed || width == 8 else { throw failure("@summed is for 64 bits") }
    result.redaction = try redaction(result.format)
    try setVersion(of: &result)
    return result
  }

  private func setVersion(of result: inout RecordDescription.Field) throws {
    result.added = try version("added") ?? version("reused")
    result.isGrowth = field.comment["added"] != nil
  }

  /// Returns the description of a nested struct that is a single member in JSON.
  func object(_ fields: [RecordDescription.Field]) throws -> RecordDescription.Field {
    var result = plain(.object(fields))
    result.name = field.comment["json"]?.first ?? field.name
    if let null = field.comment["null"] {
      guard null == ["zero"] else { throw failure("expected @null zero") }
      result.null = .zero
    }
    try setVersion(of: &result)
    return result
  }

  /// Returns the field that `@if` names; without `@if`, the condition of the enclosing struct.
  func conditionOfNested() throws -> RecordDescription.Scalar? {
    guard let name = field.comment["if"]?.first else { return condition }
    return try scalar(name)
  }

  private func plain(_ format: RecordDescription.Field.Format) -> RecordDescription.Field {
    RecordDescription.Field(
      name: field.name, cName: field.name, cType: cType,
      scalar: .init(offset: offset, width: width), count: field.count, isSigned: isSigned,
      format: format, isGrowth: false, condition: condition, text: field.comment.text, unit: unit,
      line: field.line)
  }

  private func format() throws -> RecordDescription.Field.Format {
    let comment = field.comment
    if let name = comment["line"]?.first { return .line(name) }
    if comment["text"] != nil {
      let arguments = comment["text"]!
      return .trailingText(limit: arguments.count > 1 ? Int(arguments[1]) : nil)
    }
    if comment["pairs"] != nil { return .trailingPairs }
    if comment["requestFlags"] != nil { return .requestFlags }
    if let names = comment["names"] {
      guard names.count == 1, Self.flagNames.contains(names[0]) else {
        throw failure("expected @names \(Self.flagNames.sorted().joined(separator: " | "))")
      }
      return .names(names[0])
    }
    if let name = comment["bits"]?.first {
      guard headers.enumerations[name] != nil else {
        throw failure("@bits \(name) is not declared")
      }
      return .bits(vocabulary(name))
    }
    if case .enumeration(let name) = field.type {
      return name == "record_kind" ? .integer : .choice(vocabulary(name))
    }
    if case .character = field.type { return .text }
    if field.count != nil {
      guard comment["hex"] != nil, width == 8 else { throw failure("an array is of __u64, @hex") }
      return .words
    }
    if comment["hex"] != nil { return .hex }
    if comment["bool"] != nil { return .boolean }
    return .integer
  }

  /// Returns the argument of the field's `@redact`; nil if a redacted copy contains the value
  /// unchanged. Every field must have `@redact` or `@plain`, except those for which ``shape(of:)``
  /// is nil.
  private func redaction(_ format: RecordDescription.Field.Format) throws -> String? {
    let isPlain = structure.comment["plain"]?.contains(field.name) ?? false
    if let arguments = field.comment["redact"] {
      guard !isPlain, arguments.count == 1, let shape = Self.redactions[arguments[0]],
        shape == self.shape(of: format)
      else {
        throw failure("expected @redact KIND, of a kind that fits the field, and no @plain")
      }
      return arguments[0]
    }
    guard isPlain || shape(of: format) == nil else {
      throw failure(
        "\(field.name) is neither @plain nor @redact KIND: can it identify a machine or its users?")
    }
    return nil
  }

  /// Returns the shape that `@redact` must fit; nil for formats whose values identify nothing, such
  /// as names from a vocabulary.
  private func shape(of format: RecordDescription.Field.Format) -> Shape? {
    switch format {
    case .integer, .hex, .line: .number
    case .words: .words
    case .text: .characters
    case .trailingText: .trailing
    case .boolean, .names, .requestFlags, .choice, .bits, .object, .trailingPairs: nil
    }
  }

  private func omitted() throws -> (offset: Int, count: Int)? {
    guard let names = field.comment["omit"] else { return nil }
    guard !names.isEmpty else { return (offset, width) }
    // Searches all fields of the struct, because `@omit` may name fields that follow this one.
    let fields = try names.map { name in
      guard let index = structure.fields.firstIndex(where: { $0.name == name }),
        let own = structure.fields.firstIndex(where: { $0.name == field.name })
      else { throw failure("@omit names \(name), which is not a field") }
      return offset + (index - own) * width
    }
    return (fields.min()!, fields.max()! - fields.min()! + width)
  }

  private func alternative() throws -> RecordDescription.Field.Alternative? {
    guard let arguments = field.comment["or"] else { return nil }
    guard (2...3).contains(arguments.count),
      let selector = structure.fields.first(where: { $0.name == arguments[1] })
    else { throw failure("expected @or member selector mask") }
    let mask = arguments.count > 2 ? Int(arguments[2]) : -1
    guard let mask else { throw failure("the mask of @or is a number") }
    return .init(
      name: arguments[0], selector: try scalar(arguments[1]), mask: mask,
      isHidden: selector.comment["hidden"] != nil)
  }

  private func scalar(_ name: String) throws -> RecordDescription.Scalar {
    if let known = scalars[name] { return known }
    // The only other field that may be named is the one right behind this field.
    guard let index = structure.fields.firstIndex(where: { $0.name == name }), index > 0,
      structure.fields[index - 1].name == field.name
    else { throw failure("\(name) is no field before this one, or right behind it") }
    return .init(offset: offset + width, width: width)
  }

  private func version(_ name: String) throws -> Int? {
    guard let arguments = field.comment[name] else { return nil }
    guard arguments.count == 1, let version = Int(arguments[0]), (1...schema).contains(version)
    else { throw failure("expected @\(name) and a schema, \(schema) at most") }
    return version
  }

  private var isSigned: Bool {
    if field.comment["signed"] != nil { return true }
    if case .integer(_, let isSigned) = field.type { return isSigned }
    return false
  }

  private var cType: String {
    switch field.type {
    case .integer(let width, let isSigned): "__\(isSigned ? "s" : "u")\(width * 8)"
    case .character: "char"
    case .structure(let name): "struct \(name)"
    case .enumeration(let name): "enum \(name)"
    }
  }

  private var unit: String {
    if let unit = field.comment["unit"] { return unit.joined(separator: " ") }
    if field.name.hasSuffix("_ns") { return "ns" }
    return field.name.hasSuffix("_ms") ? "ms" : ""
  }

  private func failure(_ message: String) -> DescriptionError {
    DescriptionError(line: field.line, message: message)
  }
}
