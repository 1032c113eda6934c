/// A TOML text with the byte range of each value.
///
/// Accepts all of TOML 1.0, but does not distinguish numbers from dates. If a table is defined
/// twice, only a repeated header is reported as a mistake. An edit changes the bytes of one value,
/// or adds a line or a table. All other text stays, even text that is not understood.
///
/// TOMLKit 0.6, the only TOML package available, is not used. With Foundation it adds 51 MB to a
/// static binary. It reports positions only for syntax errors, reads nothing after the first error,
/// and drops comments.
package struct TOMLDocument: Sendable {
  /// A key with its value, written in a table, with dots, or in an inline table.
  struct Entry: Sendable {
    /// Names from the root of the document.
    var path: [String]
    /// Byte range of the key, including its dots.
    var key: Range<Int>
    var value: TOMLValue
    /// Number of leading names of ``path`` that come from the header of the table.
    var headerLength: Int
    var isInline = false
    /// True if the entry is in an array of tables.
    var isInArray = false
    /// Byte offset of the end of the entry's line.
    var lineEnd = 0
  }

  /// The header of a table.
  struct Header: Sendable {
    var path: [String]
    var isArray: Bool
    var lineEnd: Int
  }

  package private(set) var bytes: [UInt8]
  private(set) var entries: [Entry] = []
  private(set) var headers: [Header] = []
  package private(set) var mistakes: [Mistake] = []

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    read()
  }

  private mutating func read() {
    var reader = TOMLReader(bytes)
    reader.read()
    (entries, headers, mistakes) = (reader.entries, reader.headers, reader.mistakes)
  }

  /// The line and column of an offset, both from 1. Columns are characters.
  package func position(of offset: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(offset, bytes.count)]
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    return (line, String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1)
  }

  // MARK: Edits

  /// Replaces a value, or adds it. A new value is added after the last value of the same table; if
  /// the table has no values, below its header; without a header, in a new table at the end. The
  /// first value outside of any table is added at the start.
  ///
  /// - Parameters:
  ///   - path: names of the key; none of them needs quotes.
  ///   - value: the value, in TOML syntax.
  package mutating func set(_ path: [String], to value: String) {
    let parent = Array(path.dropLast())
    let key = path[path.count - 1]
    if let entry = entries.first(where: { $0.path == path && !$0.isInArray }) {
      bytes.replaceSubrange(entry.value.range, with: value.utf8)
    } else if let sibling = entries.last(where: { $0.path.dropLast() == parent && !$0.isInArray }) {
      add(key, value, beside: sibling)
    } else if let header = headers.first(where: { $0.path == parent && !$0.isArray }) {
      insert("\n\(key) = \(value)", at: header.lineEnd)
    } else if parent.isEmpty {
      // A comment at the start stays next to the line below it, which it may describe.
      let isMarked = bytes.starts(with: TOMLReader.mark)
      insert("\(key) = \(value)\n", at: isMarked ? TOMLReader.mark.count : 0)
    } else {
      let end = bytes.isEmpty || bytes.last == UInt8(ascii: "\n") ? "" : "\n"
      let space = bytes.isEmpty ? "" : "\n"
      let header = "[\(parent.joined(separator: "."))]"
      insert("\(end)\(space)\(header)\n\(key) = \(value)\n", at: bytes.count)
    }
    read()
  }

  private mutating func add(_ key: String, _ value: String, beside sibling: Entry) {
    if sibling.isInline {
      insert(", \(key) = \(value)", at: sibling.value.range.upperBound)
    } else {
      let dotted = sibling.path.dropLast().dropFirst(sibling.headerLength).map { $0 + "." }
      insert("\n\(dotted.joined())\(key) = \(value)", at: sibling.lineEnd)
    }
  }

  private mutating func insert(_ text: String, at offset: Int) {
    bytes.insert(contentsOf: text.utf8, at: offset)
  }

  /// The text as a TOML string.
  package static func string(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\" + String(Character(scalar))
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  package static func array(_ texts: [String]) -> String {
    "[" + texts.map(string).joined(separator: ", ") + "]"
  }
}

/// A value and its byte range.
package struct TOMLValue: Sendable {
  indirect enum Content: Sendable {
    case string(String)
    case array([TOMLValue])
    /// An inline table; its entries are in ``TOMLDocument/entries``.
    case table
    /// A number, a date or a truth value.
    case word
  }

  var content: Content
  var range: Range<Int>
}

/// A mistake in a configuration, with its position.
package struct Mistake: Error, Hashable, Sendable {
  /// Bytes from the start of the file.
  package var offset: Int
  /// One line without a full stop.
  package var message: String

  package init(_ offset: Int, _ message: String) {
    self.offset = offset
    self.message = message
  }
}

extension [Mistake] {
  /// The first mistake of the file in one line, and the number of others; nil without mistakes.
  package func summary(_ describe: (Mistake) -> String) -> String? {
    self.min { $0.offset < $1.offset }.map {
      describe($0) + (count == 1 ? "" : " (and \(count - 1) more)")
    }
  }
}
