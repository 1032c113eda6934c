/// Scrollable lines of styled pieces. Lines with an action can be chosen.
struct ScrollingText: Sendable {
  private var top = 0
  private var height = 1
  private var count = 0
  /// Lines of the last frame that can be chosen, in order.
  private var choices: [(line: Int, action: PaneAction)] = []
  /// The action of the chosen line.
  private(set) var chosen: PaneAction?

  /// The action of Enter: that of the chosen line, otherwise that of the first line that can be
  /// chosen.
  var entered: PaneAction? { chosen ?? choices.first?.action }

  var hasChoices: Bool { !choices.isEmpty }

  /// Handles a navigation key. A key for single rows moves the choice to another line on the
  /// screen, if there is one that can be chosen. Otherwise the text scrolls.
  mutating func navigate(_ navigation: Navigation) {
    let last = max(0, count - height)
    switch navigation {
    case .rows(let rows):
      if choose(rows) { return }
      top += rows
    case .scroll(let rows): top += rows
    case .pages(let pages): top += pages * max(1, height - 1)
    case .first: top = 0
    case .last: top = last
    }
    top = max(0, min(top, last))
  }

  private mutating func choose(_ step: Int) -> Bool {
    let visible = choices.filter { $0.line >= top && $0.line < top + height }
    guard let position = visible.firstIndex(where: { $0.action == chosen }) else {
      guard let first = step > 0 ? visible.first : visible.last else { return false }
      chosen = first.action
      return true
    }
    guard visible.indices.contains(position + step) else { return false }
    chosen = visible[position + step].action
    return true
  }

  /// Chooses the line at a row of the screen. Returns true if the line was already chosen.
  mutating func click(row: Int) -> Bool {
    guard let choice = choices.first(where: { $0.line == top + row }) else { return false }
    defer { chosen = choice.action }
    return chosen == choice.action
  }

  /// - Parameter actions: the actions of lines that can be chosen, by line.
  mutating func draw(
    _ lines: [[Piece]], actions: [Int: PaneAction] = [:], into canvas: inout Canvas, in rect: Rect
  ) {
    count = lines.count
    height = rect.height
    top = max(0, min(top, count - height))
    choices = actions.map { ($0.key, $0.value) }.sorted { $0.line < $1.line }
    for line in 0..<height where top + line < count {
      var x = rect.x
      for piece in lines[top + line] where x < rect.right {
        x = canvas.put(
          piece.text, x: x, y: rect.y + line, style: piece.style, limit: rect.right - x)
      }
      if let chosen, actions[top + line] == chosen {
        canvas.restyle(Rect(x: rect.x, y: rect.y + line, width: rect.width, height: 1), .selected)
      }
    }
    guard count > height, rect.width > 8 else { return }
    if top > 0 { canvas.put("▲", x: rect.right - 1, y: rect.y, style: .label) }
    if top + height < count {
      canvas.put("▼", x: rect.right - 1, y: rect.bottom - 1, style: .label)
    }
  }
}
