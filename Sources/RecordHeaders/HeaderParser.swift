/// Parses the headers of the records, which use a strict subset of C with one declaration per line.
struct HeaderParser {
  private(set) var headers = Headers()
  private let read: (String) throws -> String
  private var included: Set<String> = []
  private var line = SourceLine(file: "", number: 0)

  /// - Parameter read: returns the text of a header, by its path relative to the include folder.
  init(read: @escaping (String) throws -> String) { self.read = read }

  /// Parses a header and the headers that it includes.
  mutating func parse(_ file: String) throws {
    guard included.insert(file).inserted else { return }
    let outer = line
    defer { line = outer }
    line = SourceLine(file: file, number: 0)
    let topic = String(file.split(separator: "/").last!.dropLast(".h".count))
    var lines = Lines(text: try read(file))
    var comment = Comment()
    /// Name of the vocabulary (`@bits`) to which the next `#define` lines add values; nil if none.
    var bits: String?
    var comments = 0
    while let text = lines.next() {
      line.number = lines.number
      if text.isEmpty {
        (comment, bits) = (Comment(), nil)
      } else if text.hasPrefix("/*") {
        comment = try lines.comment(text, at: line)
        comments += 1
        if comments == 2, file.contains("/") { headers.topics.append((topic, comment.text)) }
      } else if text.hasPrefix("#include \"") {
        try parse(String(text.dropFirst("#include \"".count).prefix { $0 != "\"" }))
      } else if text.hasPrefix("#define ") {
        if let name = comment["bits"]?.first {
          bits = name
          headers.enumerations[name] = Headers.Enumeration(
            name: name, width: 0, comment: comment, values: [])
        }
        comment = Comment()
        try define(text, bits: bits)
      } else if text.hasPrefix("#") || text.hasPrefix("// clang-format") {
        continue
      } else if text.hasPrefix("RECORD_") {
        try kind(text)
      } else if text.hasPrefix("enum ") {
        try enumeration(text, comment, &lines)
      } else if text.hasPrefix("struct ") {
        try structure(text, comment, topic, &lines)
      } else if text != "};" {
        throw failure("a comment, a directive, a kind, an enum or a struct belongs here")
      }
    }
  }

  /// Parses the enumerator of a record kind: `RECORD_SUBMIT RECORD_SWIFT_NAME("submit") = 4,`
  private mutating func kind(_ text: String) throws {
    guard
      let match = text.wholeMatch(
        of: /RECORD_([A-Z0-9_]+) RECORD_SWIFT_NAME\("([A-Za-z0-9]+)"\) = (\d+),/),
      let number = Int(match.3), (1...255).contains(number)
    else { throw failure("expected RECORD_KIND RECORD_SWIFT_NAME(\"kind\") = 1...255,") }
    let kind = Headers.Kind(
      name: match.1.lowercased(), swiftName: String(match.2), number: number, line: line)
    guard !headers.kinds.contains(where: { $0.number == number || $0.name == kind.name }) else {
      throw failure("\(kind.name) or the number \(number) is assigned twice")
    }
    guard kind.swiftName == Self.swiftName(kind.name) else {
      throw failure("the Swift name of \(kind.name) is \(Self.swiftName(kind.name))")
    }
    headers.kinds.append(kind)
  }

  /// Parses a constant: `#define RECORD_KNOWS_OFF 1 /* comment */`
  private mutating func define(_ text: String, bits: String?) throws {
    let (code, comment) = try split(text)
    let words = code.split(separator: " ")
    guard words.count == 3, let value = Self.number(words[2]) else { return }
    headers.constants[String(words[1])] = value
    guard let bits else { return }
    guard value > 0, value & (value - 1) == 0 else { throw failure("expected a single bit") }
    let name = String(words[1].dropFirst("RECORD_\(bits.uppercased())_".count))
    headers.enumerations[bits]?.values.append(
      .init(name: comment["json"]?.first ?? name.lowercased(), number: value, comment: comment))
  }

  /// Parses an enum: `enum … RECORD_SWIFT_NAME("LossCause") record_loss : __u32 {` and its
  /// enumerators.
  private mutating func enumeration(
    _ text: String, _ comment: Comment, _ lines: inout Lines
  ) throws {
    guard let match = text.wholeMatch(of: /enum .* (record_[a-z_]+) : (__u\d+) ?{/),
      case .integer(let width, _)? = Self.integers[String(match.2)]
    else { throw failure("expected enum … record_name : __u8 {") }
    // The enumerators of record_kind are parsed by `kind`.
    if match.1 == "record_kind" { return }
    var enumeration = Headers.Enumeration(
      name: String(match.1), width: width, comment: comment, values: [])
    while let text = lines.next() {
      line.number = lines.number
      if text == "};" { break }
      let (code, comment) = try split(text)
      guard
        let match = code.wholeMatch(
          of: /RECORD_[A-Z_]+ RECORD_SWIFT_NAME\("([A-Za-z0-9]+)"\) = (\d+),/),
        let number = Int(match.2)
      else { throw failure("expected RECORD_NAME RECORD_SWIFT_NAME(\"name\") = number,") }
      enumeration.values.append(
        .init(
          name: comment["json"]?.first ?? Self.jsonName(String(match.1)), number: number,
          comment: comment))
    }
    headers.enumerations[enumeration.name] = enumeration
  }

  /// Parses a struct: `struct record_submit {` and its fields.
  private mutating func structure(
    _ text: String, _ comment: Comment, _ topic: String, _ lines: inout Lines
  ) throws {
    guard let match = text.wholeMatch(of: /struct ([a-z0-9_]+) {/) else {
      throw failure("expected struct name {")
    }
    var structure = Headers.Structure(
      name: String(match.1), comment: comment, fields: [], topic: topic, line: line)
    var above = Comment()
    while let text = lines.next() {
      line.number = lines.number
      if text == "};" {
        headers.structures.append(structure)
        return
      }
      if text.isEmpty { continue }
      if text.hasPrefix("/*") {
        above = try lines.comment(text, at: line)
        continue
      }
      var field = try field(text)
      field.comment = above + field.comment
      above = Comment()
      structure.fields.append(field)
    }
    throw failure("struct \(structure.name) does not end")
  }

  /// Parses a field: `__u32 name[4]; /* comment */`
  private func field(_ text: String) throws -> Headers.Field {
    let (code, comment) = try split(text)
    guard
      let match = code.wholeMatch(
        of: /((?:struct |enum )?[a-z0-9_]+) ([a-z0-9_]+)(?:\[([A-Za-z0-9_]+)\])?;/)
    else { throw failure("expected a field: type name; or type name[count];") }
    let type: Headers.Field.FieldType
    let words = match.1.split(separator: " ")
    switch words[0] {
    case "struct": type = .structure(String(words[1]))
    case "enum": type = .enumeration(String(words[1]))
    case "char": type = .character
    default:
      guard let integer = Self.integers[String(match.1)] else {
        throw failure("\(match.1) is no type for a field of a record")
      }
      type = integer
    }
    var count: Int?
    if let length = match.3 {
      count = Self.number(length) ?? headers.constants[String(length)]
      guard count != nil else { throw failure("\(length) is not a known length") }
    }
    return Headers.Field(
      type: type, name: String(match.2), count: count, comment: comment, line: line)
  }

  // MARK: Text

  /// Splits a line into its code and the comment behind the code.
  private func split(_ text: String) throws -> (code: String, comment: Comment) {
    guard let start = text.firstRange(of: "/*") else { return (text, Comment()) }
    guard text.hasSuffix("*/") else {
      throw failure("a comment behind code ends on its line; a longer one is written above")
    }
    let body = text[start.upperBound...].dropLast("*/".count)
    return (text[..<start.lowerBound].trimmed, Comment(String(body)))
  }

  private func failure(_ message: String) -> DescriptionError {
    DescriptionError(line: line, message: message)
  }

  private static func number(_ text: Substring) -> Int? {
    text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }

  /// Returns the Swift name for a C name: `cqe_overflow` → `cqeOverflow`
  static func swiftName(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words[0] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Returns the name in JSON for a Swift name: `linkTimeout` → `link_timeout`
  private static func jsonName(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
  }

  private static let integers: [String: Headers.Field.FieldType] = [
    "__u8": .integer(width: 1, isSigned: false), "__u16": .integer(width: 2, isSigned: false),
    "__u32": .integer(width: 4, isSigned: false), "__u64": .integer(width: 8, isSigned: false),
    "__s32": .integer(width: 4, isSigned: true), "__s64": .integer(width: 8, isSigned: true),
  ]
}

/// The lines of a header, without leading and trailing space.
private struct Lines {
  private let lines: [Substring]
  /// Number of the line that ``next()`` returned last; the first line has number 1.
  private(set) var number = 0

  init(text: String) { lines = text.split(separator: "\n", omittingEmptySubsequences: false) }

  mutating func next() -> String? {
    guard number < lines.count else { return nil }
    number += 1
    return lines[number - 1].trimmed
  }

  /// Parses a comment of one or more lines.
  ///
  /// - Parameter first: the first line of the comment, which ``next()`` has already returned.
  mutating func comment(_ first: String, at start: SourceLine) throws -> Comment {
    var body = ""
    var text: String? = first
    while let line = text {
      var part = line[...]
      if part.hasPrefix("/*") {
        part = part.dropFirst(2)
      } else if part.hasPrefix("*/") {
      } else if part.hasPrefix("*") {
        part = part.dropFirst()
      }
      if let end = part.firstRange(of: "*/") {
        guard part[end.upperBound...].isEmpty else {
          throw DescriptionError(line: start, message: "code follows the comment")
        }
        return Comment(body + " " + part[..<end.lowerBound])
      }
      body += " " + part
      text = next()
    }
    throw DescriptionError(line: start, message: "the comment does not end")
  }
}

extension StringProtocol {
  /// The text without leading and trailing space.
  fileprivate var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
