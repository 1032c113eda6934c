/// The menu: a list above the focused pane, from which the user chooses a line.
extension Interface {
  /// - Parameters:
  ///   - foot: number of lines to leave free above the function bar.
  mutating func drawMenu(
    _ heading: String, _ titles: [String], _ position: Int, _ layout: ScreenLayout,
    foot: Int = 0, into canvas: inout Canvas
  ) {
    guard let place = layout.places.first(where: { $0.pane == focus }) else { return }
    var area = place.rect
    _ = area.takeTop(1)
    // The menu of a small pane extends beyond the pane.
    if area.height < titles.count + 1 {
      area.y = max(1, min(area.y, canvas.height - 2 - foot - titles.count))
      area.height = canvas.height - 1 - area.y
    }
    area.height = min(area.height, canvas.height - 1 - foot - area.y)
    let width = titles.reduce(heading.displayWidth) { max($0, $1.displayWidth) }
    area.width = min(area.width, width + 2)
    area.height = min(area.height, titles.count + 1)
    canvas.fill(area)
    let head = area.takeTop(1)
    canvas.fill(head, style: .columns)
    canvas.put(heading, x: head.x, y: head.y, style: .columns)
    let top = max(0, position - area.height + 1)
    for line in 0..<area.height where top + line < titles.count {
      let row = Rect(x: area.x, y: area.y + line, width: area.width, height: 1)
      let isSelected = top + line == position
      canvas.put(titles[top + line], x: row.x, y: row.y, limit: row.width)
      canvas.put("│", x: row.right - 1, y: row.y, style: .faint)
      if isSelected { canvas.restyle(row, .selected) }
      targets.append((row, .menuLine(top + line)))
    }
  }
}
