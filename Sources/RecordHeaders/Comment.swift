/// A place in a header, for messages.
struct SourceLine: Hashable, Sendable {
  var file: String
  var number: Int
}

/// Why the headers are rejected.
struct DescriptionError: Error, CustomStringConvertible {
  var line: SourceLine
  var message: String

  var description: String { "\(line.file):\(line.number): error: \(message)" }
}

/// `@name argument argument`, within a comment.
struct Annotation: Hashable {
  var name: String
  var arguments: [String]
}

/// A comment: text, then annotations.
struct Comment {
  var text = ""
  var annotations: [Annotation] = []

  init() {}

  /// - Parameter body: the comment without its delimiters, lines joined by spaces.
  init(_ body: String) {
    let parts = body.split(separator: "@", omittingEmptySubsequences: false)
    text = Self.words(parts[0]).joined(separator: " ")
    annotations = parts.dropFirst().map { part in
      let words = Self.words(part)
      return Annotation(name: words.first ?? "", arguments: Array(words.dropFirst()))
    }
  }

  /// The comments of a declaration: the comment above it and the comment behind it.
  static func + (first: Comment, second: Comment) -> Comment {
    var both = first
    both.text += both.text.isEmpty || second.text.isEmpty ? second.text : " " + second.text
    both.annotations += second.annotations
    return both
  }

  /// Arguments of all annotations of this name; nil without one.
  subscript(name: String) -> [String]? {
    let found = annotations.filter { $0.name == name }
    return found.isEmpty ? nil : found.flatMap(\.arguments)
  }

  /// Words of a text; quoted ones keep their spaces.
  private static func words(_ text: Substring) -> [String] {
    var words: [String] = []
    for (index, part) in text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
    {
      if index.isMultiple(of: 2) {
        words += part.split(whereSeparator: \.isWhitespace).map(String.init)
      } else {
        words.append(String(part))
      }
    }
    return words
  }
}
