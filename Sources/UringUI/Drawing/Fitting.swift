extension String {
  /// Text padded with blanks at the end, or cut off, to this many columns.
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

  /// The end of the text if it is wider than this: paths and pointers differ at the end.
  func tail(_ width: Int) -> String {
    var left = displayWidth
    if left <= width { return self }
    var rest = unicodeScalars[...]
    while left > width - 1, let first = rest.popFirst() { left -= first.displayWidth ?? 1 }
    return "…" + String(rest)
  }

  /// "name/4242" in this many columns: cuts the name and keeps the number.
  func keepingNumber(_ width: Int) -> String {
    guard displayWidth > width, let slash = lastIndex(of: "/") else { return self }
    let number = self[slash...]
    let room = width - number.utf8.count
    return room < 2 ? String(number.dropFirst()) : String(self[..<slash]).fitted(to: room) + number
  }

  /// Text padded with blanks at the start to this many columns.
  func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - displayWidth)) + self
  }
}
