extension [Piece] {
  /// Breaks the pieces into lines of at most `width` columns, between words where possible, and
  /// otherwise within a word. All lines but the first are indented.
  func wrapped(to width: Int, indent: Int) -> [[Piece]] {
    var lines: [[Piece]] = [[]]
    var used = 0
    for piece in self {
      var text = ""
      for word in piece.text.words {
        func breakLine() {
          lines[lines.count - 1].append(Piece(text, piece.style))
          lines.append([Piece(String(repeating: " ", count: indent))])
          used = indent
        }
        let fits = String(word).displayWidth <= width - used - text.displayWidth
        if fits || used + text.displayWidth <= indent {
          text += word
        } else {
          breakLine()
          text = String(word.drop { $0 == " " })
        }
        while let (head, tail) = text.broken(at: width - used) {
          text = head
          breakLine()
          text = tail
        }
      }
      lines[lines.count - 1].append(Piece(text, piece.style))
      used += text.displayWidth
    }
    return lines.map { $0.filter { !$0.text.isEmpty } }
  }
}

extension String {
  /// The words, each with the spaces before it.
  fileprivate var words: [Substring] {
    var words: [Substring] = []
    var start = startIndex
    var wasSpace = true
    for index in indices {
      let isSpace = self[index] == " "
      if isSpace, !wasSpace {
        words.append(self[start..<index])
        start = index
      }
      wasSpace = isSpace
    }
    return words + [self[start...]]
  }

  /// The characters that fit into `width` columns, at least one, and the rest; nil if all fit.
  fileprivate func broken(at width: Int) -> (head: String, tail: String)? {
    guard displayWidth > width else { return nil }
    var used = 0
    let end = indices.dropFirst().first { index in
      used += String(self[self.index(before: index)]).displayWidth
      return used + String(self[index]).displayWidth > width
    }
    guard let end else { return nil }
    return (String(self[..<end]), String(self[end...]))
  }

  /// Breaks the text into lines of at most `width` columns, between words where possible, and
  /// otherwise within a word.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ").map(String.init) {
      if line.isEmpty {
        line = word
      } else if line.displayWidth + 1 + word.displayWidth <= width {
        line += " " + word
      } else {
        lines.append(line)
        line = word
      }
      while let (head, tail) = line.broken(at: width) {
        lines.append(head)
        line = tail
      }
    }
    return lines + [line]
  }

  /// Breaks the text into at most `most` lines. The last one contains all remaining text, and can
  /// be wider than `width`.
  func wrapped(to width: Int, atMost most: Int) -> [String] {
    let lines = wrapped(to: width)
    guard lines.count > most else { return lines }
    return lines.prefix(most - 1) + [lines[(most - 1)...].joined(separator: " ")]
  }
}
