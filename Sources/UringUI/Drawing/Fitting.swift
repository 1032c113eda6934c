extension String {
  /// The text in exactly `width` columns: padded with blanks at its end, or cut off.
  func fitted(to width: Int) -> String {
    let length = displayWidth
    if length <= width { return self + String(repeating: " ", count: width - length) }
    var result = String.UnicodeScalarView()
    var column = 0
    for scalar in unicodeScalars {
      let scalarWidth = scalar.displayWidth ?? 1
      if column + scalarWidth > width - 1 { break }
      result.append(scalar)
      column += scalarWidth
    }
    return String(result) + "…" + String(repeating: " ", count: max(0, width - 1 - column))
  }

  /// The end of the text, if the text is wider than `width` columns. Paths and pointers differ at
  /// their ends.
  func tail(_ width: Int) -> String {
    var left = displayWidth
    if left <= width { return self }
    var rest = unicodeScalars[...]
    while left > width - 1, let first = rest.popFirst() { left -= first.displayWidth ?? 1 }
    return "…" + String(rest)
  }

  /// The text "name/4242" in at most `width` columns: the name is cut off, the number is kept.
  func keepingNumber(_ width: Int) -> String {
    guard displayWidth > width, let slash = lastIndex(of: "/") else { return self }
    let number = self[slash...]
    let room = width - number.utf8.count
    return room < 2 ? String(number.dropFirst()) : String(self[..<slash]).fitted(to: room) + number
  }

  /// The text padded with blanks at its start to `width` columns.
  func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - displayWidth)) + self
  }
}
