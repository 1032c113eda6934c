/// Lines made of styled pieces, more of them than may fit.
struct ScrollingText: Sendable {
  private var top = 0
  private var height = 1
  private var count = 0

  mutating func navigate(_ navigation: Navigation) {
    let last = max(0, count - height)
    switch navigation {
    case .rows(let rows), .scroll(let rows): top += rows
    case .pages(let pages): top += pages * max(1, height - 1)
    case .first: top = 0
    case .last: top = last
    }
    top = max(0, min(top, last))
  }

  mutating func draw(_ lines: [[Piece]], into canvas: inout Canvas, in rect: Rect) {
    count = lines.count
    height = rect.height
    top = max(0, min(top, count - height))
    for line in 0..<height where top + line < count {
      var x = rect.x
      for piece in lines[top + line] where x < rect.right {
        x = canvas.put(
          piece.text, x: x, y: rect.y + line, style: piece.style, limit: rect.right - x)
      }
    }
    guard count > height, rect.width > 8 else { return }
    if top > 0 { canvas.put("▲", x: rect.right - 1, y: rect.y, style: .label) }
    if top + height < count {
      canvas.put("▼", x: rect.right - 1, y: rect.bottom - 1, style: .label)
    }
  }
}

extension String {
  /// With blanks at the end, or cut off, to this many columns.
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

  /// With blanks before it to this many columns.
  func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - displayWidth)) + self
  }
}
