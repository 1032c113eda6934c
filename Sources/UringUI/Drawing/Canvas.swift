/// A grid of cells that views draw into. Clips text, uses true display widths, and replaces control characters.
struct Canvas: Sendable {
  /// One column of one row.
  struct Cell: Hashable, Sendable {
    /// Unicode scalar; 0 in the second column of a wide character.
    var base: UInt32 = 0x20
    /// Combining marks; 0 for none.
    var marks: (UInt32, UInt32) = (0, 0)
    var style: Style = .normal

    static func == (a: Cell, b: Cell) -> Bool {
      a.base == b.base && a.style == b.style && a.marks == b.marks
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(base)
      hasher.combine(style)
    }
  }

  private(set) var width: Int
  private(set) var height: Int
  private(set) var cells: [Cell]
  /// True if only ASCII is drawn.
  var isASCII: Bool
  /// Position of the terminal's cursor.
  var cursor: (x: Int, y: Int)?
  /// The area that can be changed. Cells outside of it stay as they are.
  var clip: Rect

  init(width: Int, height: Int, isASCII: Bool = false) {
    self.width = max(0, width)
    self.height = max(0, height)
    self.isASCII = isASCII
    cells = Array(repeating: Cell(), count: self.width * self.height)
    clip = Rect(width: width, height: height)
  }

  var bounds: Rect { Rect(width: width, height: height) }

  /// Empties the grid and gives it this size.
  mutating func reset(width: Int, height: Int) {
    if width == self.width, height == self.height {
      for index in cells.indices { cells[index] = Cell() }
    } else {
      self = Canvas(width: width, height: height, isASCII: isASCII)
    }
    clip = bounds
    cursor = nil
  }

  /// Draws text and returns the column after it. Text that does not fit into `limit` columns is cut
  /// off, with "…" in the last column.
  @discardableResult
  mutating func put(
    _ text: String, x: Int, y: Int, style: Style = .normal, limit: Int = .max
  ) -> Int {
    guard y >= clip.y, y < clip.bottom, limit > 0 else { return x }
    let end = limit == .max ? clip.right : min(clip.right, x + limit)
    var column = x
    var last: Int?
    for scalar in text.unicodeScalars {
      var scalar = scalar
      var width = scalar.displayWidth ?? -1
      if width < 0 {
        scalar = "?"
        width = 1
      } else if width == 0 {
        if let last, !isASCII { addMark(scalar, at: last) }
        continue
      }
      if isASCII, !scalar.isASCII {
        scalar = scalar.asciiFallback
      }
      if column + width > end {
        if limit != .max, end > x { set(isASCII ? "~" : "…", x: end - 1, y: y, style: style) }
        return end
      }
      last = set(scalar, x: column, y: y, style: style)
      if width == 2 {
        let second: UInt32 = isASCII ? scalar.value : last == nil ? 0x20 : 0
        setCell(Cell(base: second, style: style), x: column + 1, y: y)
      }
      column += width
    }
    return column
  }

  /// Draws text at the right end of `width` columns from `x`.
  mutating func putRight(_ text: String, x: Int, y: Int, width: Int, style: Style = .normal) {
    let length = text.displayWidth
    if length > width {
      put(text, x: x, y: y, style: style, limit: width)
    } else {
      put(text, x: x + width - length, y: y, style: style)
    }
  }

  /// Draws a notice in place of a pane's content.
  mutating func put(notice: String, in rect: Rect) {
    put(notice, x: rect.x + 1, y: rect.y, style: .faint, limit: rect.width - 1)
  }

  mutating func fill(_ rect: Rect, with scalar: Unicode.Scalar = " ", style: Style = .normal) {
    let scalar = isASCII && !scalar.isASCII ? scalar.asciiFallback : scalar
    guard !rect.isEmpty else { return }
    for y in rect.y..<rect.bottom {
      for x in rect.x..<rect.right { set(scalar, x: x, y: y, style: style) }
    }
  }

  /// Changes the style of the cells in a rectangle.
  mutating func restyle(_ rect: Rect, _ style: Style) {
    guard !rect.isEmpty else { return }
    for y in max(rect.y, clip.y)..<max(rect.y, clip.y, min(rect.bottom, clip.bottom)) {
      for x in max(rect.x, clip.x)..<max(rect.x, clip.x, min(rect.right, clip.right)) {
        cells[y * width + x].style = style
      }
    }
  }

  @discardableResult
  private mutating func set(_ scalar: Unicode.Scalar, x: Int, y: Int, style: Style) -> Int? {
    setCell(Cell(base: scalar.value, style: style), x: x, y: y)
  }

  @discardableResult
  private mutating func setCell(_ cell: Cell, x: Int, y: Int) -> Int? {
    guard clip.contains(x: x, y: y), x < width, y < height else { return nil }
    let index = y * width + x
    // Overwriting half of a wide character also removes the other half.
    if cells[index].base == 0, cell.base != 0, x > 0 { cells[index - 1].base = 0x20 }
    if x + 1 < width, cells[index + 1].base == 0, cell.base != 0 { cells[index + 1].base = 0x20 }
    cells[index] = cell
    return index
  }

  private mutating func addMark(_ scalar: Unicode.Scalar, at index: Int) {
    if cells[index].marks.0 == 0 {
      cells[index].marks.0 = scalar.value
    } else if cells[index].marks.1 == 0 {
      cells[index].marks.1 = scalar.value
    }
  }

  /// A row as text, without trailing blanks.
  func text(row: Int) -> String {
    var text = String.UnicodeScalarView()
    for cell in cells[row * width..<(row + 1) * width] where cell.base != 0 {
      cell.append(to: &text)
    }
    var result = String(text)
    while result.last == " " { result.removeLast() }
    return result
  }

  var text: String { (0..<height).map { text(row: $0) }.joined(separator: "\n") }

  func style(x: Int, y: Int) -> Style { cells[y * width + x].style }
}

extension Canvas.Cell {
  func append(to text: inout String.UnicodeScalarView) {
    for value in [base, marks.0, marks.1] where value != 0 {
      if let scalar = Unicode.Scalar(value) { text.append(scalar) }
    }
  }
}

extension Unicode.Scalar {
  /// An ASCII replacement for the scalar.
  var asciiFallback: Unicode.Scalar {
    switch self {
    case "µ", "μ": "u"
    case "│", "┃", "▏", "▌": "|"
    case "─", "━", "┄": "-"
    case "┌", "┐", "├", "┤", "┬", "┴", "┼", "╭", "╮": "+"
    case "└", "╰", "┘", "╯": "`"
    case "●": "*"
    case "◆": "+"
    case "■": "#"
    case "○", "◌": "o"
    case "▁": "."
    case "▂": ":"
    case "▃": "-"
    case "▄": "="
    case "▅": "+"
    case "▆": "*"
    case "▇": "%"
    case "█": "#"
    case "•": "o"
    case "░": "."
    case "▶", "→", "≥": ">"
    case "◀", "←": "<"
    case "↑": "^"
    case "↓", "▼": "v"
    case "▲": "^"
    case "…": "~"
    case "·": "."
    case "×": "x"
    default: "?"
    }
  }
}
