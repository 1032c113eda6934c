/// Finds the entries of a TOML text. After a mistake, reading continues with the next line.
struct TOMLReader {
  private let bytes: [UInt8]
  private var offset = 0
  /// The current table, to which new entries are added. `isArray` is true for an element of an
  /// array of tables.
  private var table: (path: [String], isArray: Bool) = ([], false)
  /// Paths of the tables whose header has been read.
  private var tables: Set<[String]> = []
  private(set) var entries: [TOMLDocument.Entry] = []
  private(set) var headers: [TOMLDocument.Header] = []
  private(set) var mistakes: [Mistake] = []

  /// The byte order mark, which a text may begin with.
  static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  /// Reading stops after this many mistakes.
  private static let mostMistakes = 100
  /// Deepest nesting of arrays and inline tables, and most parts of a key.
  private static let deepest = 16

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func read() {
    if bytes.starts(with: Self.mark) { offset = Self.mark.count }
    while mistakes.count < Self.mostMistakes {
      skipBlank()
      guard offset < bytes.count else { return }
      let (start, count) = (offset, entries.count)
      do throws(Mistake) {
        try readLine()
      } catch {
        mistakes.append(error)
        entries.removeSubrange(count...)
        offset = bytes[start...].firstIndex(of: Self.newline).map { $0 + 1 } ?? bytes.count
      }
    }
  }

  private mutating func readLine() throws(Mistake) {
    let count = entries.count
    if next == UInt8(ascii: "[") {
      try readHeader()
      headers[headers.count - 1].lineEnd = try endLine()
    } else {
      try readEntry(
        under: table.path, headerLength: table.path.count, isInline: false, depth: 0)
      let end = try endLine()
      for index in count..<entries.count { entries[index].lineEnd = end }
    }
  }

  /// Skips the rest of a line, which may hold a comment, and returns the offset of its end.
  private mutating func endLine() throws(Mistake) -> Int {
    skipSpaces()
    if next == UInt8(ascii: "#") { skipComment() }
    guard offset == bytes.count || isAtNewline else {
      throw mistake("the end of the line is expected")
    }
    return offset
  }

  private mutating func readHeader() throws(Mistake) {
    let start = offset
    offset += 1
    let isArray = next == UInt8(ascii: "[")
    if isArray { offset += 1 }
    skipSpaces()
    let path = try readKey()
    skipSpaces()
    for _ in 0..<(isArray ? 2 : 1) {
      guard take("]") else { throw mistake("] is expected after the name of the table") }
    }
    table = (path, isArray)
    if !isArray, !tables.insert(path).inserted {
      mistakes.append(Mistake(start, "this table is defined twice"))
    }
    headers.append(TOMLDocument.Header(path: path, isArray: isArray, lineEnd: offset))
  }

  private mutating func readEntry(
    under parent: [String], headerLength: Int, isInline: Bool, depth: Int
  ) throws(Mistake) {
    let start = offset
    let names = try readKey()
    let key = start..<offset
    skipSpaces()
    guard take("=") else { throw mistake("= is expected after a key") }
    skipSpaces()
    let index = entries.count
    entries.append(
      TOMLDocument.Entry(
        path: parent + names, key: key, value: TOMLValue(content: .word, range: offset..<offset),
        headerLength: headerLength, isInline: isInline, isInArray: table.isArray))
    entries[index].value = try readValue(path: parent + names, depth: depth)
  }

  /// Reads a key, whose parts are separated by dots.
  private mutating func readKey() throws(Mistake) -> [String] {
    var names: [String] = []
    repeat {
      guard names.count < Self.deepest else { throw mistake("the key has too many parts") }
      skipSpaces()
      names.append(try readName())
      let end = offset
      skipSpaces()
      if next != UInt8(ascii: ".") { offset = end }
    } while take(".")
    return names
  }

  private mutating func readName() throws(Mistake) -> String {
    if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
      return try TOMLString.read(bytes, &offset, allowsLines: false)
    }
    let start = offset
    while let byte = next, byte.isBareKeyPart { offset += 1 }
    guard offset > start else { throw mistake("a key is expected") }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  // MARK: Values

  /// - Parameter path: the path of the value; nil for an element of an array, because inline tables
  ///   in arrays have no entries.
  private mutating func readValue(path: [String]?, depth: Int) throws(Mistake) -> TOMLValue {
    guard depth < Self.deepest else { throw mistake("the values are nested too deeply") }
    let start = offset
    let content: TOMLValue.Content
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      content = .string(try TOMLString.read(bytes, &offset, allowsLines: true))
    case UInt8(ascii: "["): content = .array(try readArray(depth: depth + 1))
    case UInt8(ascii: "{"):
      try readTable(path: path, depth: depth + 1)
      content = .table
    default:
      while let byte = next, byte.isWordPart { offset += 1 }
      guard offset > start else { throw mistake("a value is expected, such as \"text\"") }
      content = .word
    }
    return TOMLValue(content: content, range: start..<offset)
  }

  private mutating func readArray(depth: Int) throws(Mistake) -> [TOMLValue] {
    let start = offset
    offset += 1
    var values: [TOMLValue] = []
    while true {
      skipBlank()
      if take("]") { return values }
      guard offset < bytes.count else { throw Mistake(start, "the array is not closed by ]") }
      values.append(try readValue(path: nil, depth: depth))
      skipBlank()
      if !take(","), next != UInt8(ascii: "]") {
        if offset == bytes.count { throw Mistake(start, "the array is not closed by ]") }
        throw mistake(", or ] is expected")
      }
    }
  }

  private mutating func readTable(path: [String]?, depth: Int) throws(Mistake) {
    let (start, count) = (offset, entries.count)
    offset += 1
    skipSpaces()
    if take("}") { return }
    while true {
      skipSpaces()
      guard offset < bytes.count else { throw Mistake(start, "the table is not closed by }") }
      try readEntry(
        under: path ?? [], headerLength: table.path.count, isInline: true, depth: depth)
      skipSpaces()
      if take("}") { break }
      guard take(",") else { throw mistake(", or } is expected") }
    }
    if path == nil { entries.removeSubrange(count...) }
  }

  // MARK: Bytes

  private static let newline = UInt8(ascii: "\n")

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private var isAtNewline: Bool {
    next == Self.newline
      || next == UInt8(ascii: "\r") && offset + 1 < bytes.count && bytes[offset + 1] == Self.newline
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpaces() {
    while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { offset += 1 }
  }

  private mutating func skipComment() {
    while offset < bytes.count, !isAtNewline { offset += 1 }
  }

  /// Skips spaces, ends of lines and comments.
  private mutating func skipBlank() {
    while true {
      skipSpaces()
      if next == UInt8(ascii: "#") {
        skipComment()
      } else if isAtNewline {
        offset += next == Self.newline ? 1 : 2
      } else {
        return
      }
    }
  }

  private func mistake(_ message: String) -> Mistake { Mistake(offset, message) }
}

extension UInt8 {
  /// True for a character of a key without quotes.
  var isBareKeyPart: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// True for a character of a number, a date or a truth value.
  fileprivate var isWordPart: Bool {
    isBareKeyPart || self == UInt8(ascii: "+") || self == UInt8(ascii: ".")
      || self == UInt8(ascii: ":")
  }
}
