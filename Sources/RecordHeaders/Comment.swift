/// The position of a line in a header of the records, for error messages.
struct SourceLine: Hashable, Sendable {
  var file: String
  var number: Int
}

/// An error in the headers, such as an invalid annotation.
struct DescriptionError: Error, CustomStringConvertible {
  var line: SourceLine
  var message: String

  var description: String { "\(line.file):\(line.number): error: \(message)" }
}

/// An annotation in a comment: `@name argument argument`.
struct Annotation: Hashable {
  var name: String
  var arguments: [String]
}

/// A comment of a header, which consists of text followed by annotations.
struct Comment {
  var text = ""
  var annotations: [Annotation] = []

  init() {}

  /// Parses a comment.
  ///
  /// - Parameter body: the comment without its delimiters, with its lines joined by spaces.
  init(_ body: String) {
    let parts = body.split(separator: "@", omittingEmptySubsequences: false)
    text = Self.words(parts[0]).joined(separator: " ")
    annotations = parts.dropFirst().map { part in
      let words = Self.words(part)
      return Annotation(name: words.first ?? "", arguments: Array(words.dropFirst()))
    }
  }

  /// Joins the two comments of a declaration: the one above it and the one behind it.
  static func + (first: Comment, second: Comment) -> Comment {
    var both = first
    both.text += both.text.isEmpty || second.text.isEmpty ? second.text : " " + second.text
    both.annotations += second.annotations
    return both
  }

  /// Arguments of all annotations with this name; nil if there is no such annotation.
  subscript(name: String) -> [String]? {
    let found = annotations.filter { $0.name == name }
    return found.isEmpty ? nil : found.flatMap(\.arguments)
  }

  /// Splits a text into words. Text in double quotes is a single word, with its spaces.
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
