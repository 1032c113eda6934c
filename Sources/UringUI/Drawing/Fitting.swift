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

  /// The text in at most `width` columns. If it is cut off, it ends with "…". A number is whole or
  /// left out, because the first digits of a number would look like another number.
  func cut(to width: Int) -> String {
    if displayWidth <= width { return self }
    guard width > 0 else { return "" }
    var column = 0
    var rest = unicodeScalars[...]
    var kept = String.UnicodeScalarView()
    while let scalar = rest.first, column + (scalar.displayWidth ?? 1) < width {
      column += scalar.displayWidth ?? 1
      kept.append(rest.removeFirst())
    }
    let isDigit = { (scalar: Unicode.Scalar?) in scalar.map { "0"..."9" ~= $0 } ?? false }
    let isMark = { (scalar: Unicode.Scalar?) in scalar == "," || scalar == "." }
    if isDigit(rest.first) || isMark(rest.first) && isDigit(rest.dropFirst().first) {
      while isDigit(kept.last) || isMark(kept.last) { kept.removeLast() }
    }
    while kept.last == " " { kept.removeLast() }
    // Without the blank, the comma would read as the separator of thousands.
    if kept.last == "," {
      kept.replaceSubrange(kept.index(before: kept.endIndex)..., with: " ".unicodeScalars)
    }
    return String(kept) + "…"
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
