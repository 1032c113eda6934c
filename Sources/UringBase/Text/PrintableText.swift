/// Makes untrusted text, such as names of files and processes, safe for a terminal. All text output
/// passes through here or, cell by cell, through the UI's canvas. Both follow the same rule,
/// `Unicode.Scalar.displayWidth`. JSON documents escape such characters instead.
extension String {
  /// The text on one line. Characters that must not reach a terminal, including line feeds, become
  /// `?`.
  package var printable: String {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
    var text = String.UnicodeScalarView()
    var marks = 0
    for scalar in unicodeScalars {
      guard let width = scalar.displayWidth else {
        text.append("?")
        continue
      }
      // limits combining marks, because terminals draw a stack of them over the lines above
      marks = width == 0 ? marks + 1 : 0
      if marks <= 2 { text.append(scalar) }
    }
    return String(text)
  }

  /// The text, shortened to at most this many columns. The middle is replaced by dots, because the
  /// ends of a path matter most.
  package func shortened(to width: Int) -> String {
    let dots = "..."
    guard displayWidth > width, width > dots.utf8.count else { return self }
    let room = width - dots.utf8.count
    let scalars = Array(unicodeScalars)
    func count(_ scalars: some Sequence<Unicode.Scalar>, fitting room: Int) -> Int {
      var left = room
      var count = 0
      for scalar in scalars {
        left -= scalar.displayWidth ?? 1
        if left < 0 { break }
        count += 1
      }
      return count
    }
    let head = count(scalars, fitting: room / 3)
    let tail = count(scalars.reversed(), fitting: room - room / 3)
    var text = String.UnicodeScalarView(scalars[..<head])
    text.append(contentsOf: dots.unicodeScalars)
    text.append(contentsOf: scalars[(scalars.count - tail)...])
    return String(text)
  }
}
