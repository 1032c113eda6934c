import UringTrace

extension Interface {
  /// Draws a whole frame, and notes its areas that can be clicked.
  mutating func draw(into canvas: inout Canvas) {
    targets.removeAll(keepingCapacity: true)
    let (width, height) = (canvas.width, canvas.height)
    guard width >= ScreenLayout.minimumWidth, height >= ScreenLayout.minimumHeight else {
      drawTooSmall(into: &canvas)
      return
    }
    let layout = ScreenLayout(
      width: width, height: height, hasTimeline: isReplay,
      ringCount: scene?.snapshot.rings.count ?? 0, current: current, focus: focus,
      isDetail: !details.isEmpty, companions: PaneCatalogue.companions(of: lower))
    places = layout.places
    if !places.contains(where: { $0.pane == focus }) { focus = .lower(current) }

    HeaderView(interface: self).draw(into: &canvas, in: layout.header)
    if let rect = layout.timeline, let timeline {
      let bar = TimelineView(timeline: timeline).draw(into: &canvas, in: rect)
      targets.append((bar, .seek(bar)))
    }
    for place in layout.places { draw(place, into: &canvas) }
    drawModal(into: &canvas, layout)
    drawNotice(into: &canvas, above: layout.functionBar)
    drawBar(into: &canvas, in: layout.functionBar)
  }

  private func drawTooSmall(into canvas: inout Canvas) {
    let lines = ["uringtop needs more room:", "40 columns, 10 rows."]
    let y = max(0, (canvas.height - lines.count) / 2)
    for (index, line) in lines.enumerated() {
      canvas.put(line, x: max(0, (canvas.width - line.count) / 2), y: y + index)
    }
  }

  // MARK: Panes

  private mutating func draw(_ place: ScreenLayout.Place, into canvas: inout Canvas) {
    var area = place.rect
    let isFocused = place.pane == focus
    drawTitle(place, into: &canvas, in: area.takeTop(1), isFocused: isFocused)
    guard let scene else {
      canvas.put(
        place.pane == .rings ? "" : "starting…", x: area.x + 1, y: area.y, style: .faint)
      return
    }
    targets.append((area, .pane(place.pane, area)))
    canvas.clip = area
    var pane = self[place.pane]
    pane.draw(into: &canvas, in: area, scene: scene, isFocused: isFocused)
    self[place.pane] = pane
    canvas.clip = canvas.bounds
  }

  private mutating func drawTitle(
    _ place: ScreenLayout.Place, into canvas: inout Canvas, in rect: Rect, isFocused: Bool
  ) {
    canvas.fill(rect, with: "─", style: .faint)
    var x = rect.x
    func limit(_ x: Int) -> Int { max(0, rect.right - x) }
    if place.hasTabs {
      x = drawTabs(place.pane, into: &canvas, in: rect)
    } else {
      x = canvas.put(
        " \(self[place.pane].name) ", x: x, y: rect.y, style: isFocused ? .titleFocused : .title,
        limit: limit(x))
    }
    guard let scene else { return }
    var summary = self[place.pane].summary(scene)
    if place.hasTabs, place.pane != .rings, let id = scene.ring, let ring = scene.ring(id) {
      // The ring's name may be cut off, but not its number.
      let number = "  ring \(id): "
      if summary.displayWidth + number.displayWidth + 4 < limit(x) {
        summary += number + scene.label(of: ring)
      }
    }
    // Leaves a gap, because a number right beside the tabs would look like a tab's number.
    if place.hasTabs { x += limit(x) < summary.displayWidth + 4 ? 1 : 2 }
    summary = summary.cut(to: limit(x) - 2)
    if summary == "…", self[place.pane].filter.isEmpty { summary = "" }
    if !summary.isEmpty {
      canvas.put(" \(summary) ", x: x, y: rect.y, style: .faint, limit: limit(x))
    }
  }

  /// Draws the tabs: the panes' numbers and names. Returns the column after them.
  private mutating func drawTabs(
    _ slot: PaneSlot, into canvas: inout Canvas, in rect: Rect
  ) -> Int {
    var x = rect.x
    // On a screen without a separate rings pane, the rings are a tab too.
    if !places.contains(where: { $0.pane == .rings }) || slot == .rings {
      x = drawTab("Rings", .rings, into: &canvas, x: x, rect)
    }
    let tabs = TabNames(
      of: lower, room: rect.right - x, keeping: slot == .rings ? nil : current,
      hasFilter: !self[slot].filter.isEmpty)
    for (index, name) in tabs.names.enumerated() {
      let end = drawTab(name, .lower(index), into: &canvas, x: x, rect)
      x = tabs.shareBlanks && index + 1 < tabs.names.count ? end - 1 : end
    }
    return x
  }

  private mutating func drawTab(
    _ text: String, _ slot: PaneSlot, into canvas: inout Canvas, x: Int, _ rect: Rect
  ) -> Int {
    let isActive = places.contains { $0.pane == slot && $0.hasTabs }
    let style: Style = !isActive ? .tab : focus == slot ? .tabActive : .titleFocused
    let end = canvas.put(" \(text) ", x: x, y: rect.y, style: style, limit: rect.right - x)
    if case .lower(let index) = slot {
      targets.append((Rect(x: x, y: rect.y, width: end - x, height: 1), .command(.showPane(index))))
    } else {
      targets.append((Rect(x: x, y: rect.y, width: end - x, height: 1), .command(.previousPane)))
    }
    return end
  }

  // MARK: Above the panes

  private mutating func drawModal(into canvas: inout Canvas, _ layout: ScreenLayout) {
    switch modal {
    case .help(var text, let column, let menu)?:
      var area = canvas.bounds
      _ = area.takeTop(layout.header.height)
      _ = area.takeBottom(1)
      canvas.fill(area)
      let width = area.width - 1
      let lines =
        column.map { HelpText.lines(of: $0, width: width) }
        ?? HelpText.lines(
          panes: lower.map(\.name), keepsChanges: options.keep != nil, width: width)
      text.draw(lines, into: &canvas, in: area)
      modal = .help(text, of: column, over: menu)
      targets.append((area, .key(.escape)))
    case .sortMenu(let position)?:
      let titles = focusedPane.sortTitles
      drawMenu("Sort by", titles, position, layout, into: &canvas)
    case .columnMenu(let position)?:
      let choices = focusedPane.columnChoices
      let titles = choices.map(\.line)
      // Reserves the lines that the longest meaning needs, so that the menu keeps its height when
      // the selection moves.
      let foot = choices.map { $0.meaning.wrapped(to: canvas.width - 1).count }.max() ?? 0
      drawMenu(
        "Columns  F7 ↑  F8 ↓", titles, position, layout, foot: foot, into: &canvas)
      if choices.indices ~= position, !choices[position].meaning.isEmpty {
        drawLine(
          choices[position].meaning, .selected, atMost: foot, into: &canvas,
          above: layout.functionBar)
      }
    case .prompt(let prompt)?:
      if let complaint = prompt.complaint {
        drawLine(complaint, .alarm, atMost: 3, into: &canvas, above: layout.functionBar)
      }
    case .totalsMenu(let position)?:
      let foot = drawTotalsFilter(layout, into: &canvas)
      drawMenu(
        "Sum by", focusedPane.totalsTitles, position, layout, foot: foot, into: &canvas)
    case .totals(let field, let position)?:
      guard let scene, let lines = focusedPane.totals(by: field, scene)?.lines else { break }
      let foot = drawTotalsFilter(layout, into: &canvas)
      drawMenu(
        lines[0], Array(lines.dropFirst()), min(position, max(0, lines.count - 2)), layout,
        foot: foot, into: &canvas)
    default: break
    }
  }

  /// Draws the filter whose rows the totals count. Returns the number of its lines.
  private func drawTotalsFilter(_ layout: ScreenLayout, into canvas: inout Canvas) -> Int {
    let filter = focusedPane.filter
    guard !filter.isEmpty, focusedPane.filterError == nil else { return 0 }
    let most = 3
    let text = "totals of the rows that match \(filter)"
    drawLine(text, .selected, atMost: most, into: &canvas, above: layout.functionBar)
    return text.wrapped(to: canvas.width - 1, atMost: most).count
  }

  private func drawNotice(into canvas: inout Canvas, above bar: Rect) {
    guard let notice = notice?.0 ?? warning else { return }
    drawLine(
      notice.text, notice.isError ? .alarm : .selected, atMost: 3, into: &canvas, above: bar)
  }

  /// Draws the text above the function bar, in at most `most` lines.
  private func drawLine(
    _ text: String, _ style: Style, atMost most: Int, into canvas: inout Canvas, above bar: Rect
  ) {
    let lines = text.wrapped(to: canvas.width - 1, atMost: most)
    for (y, line) in zip((bar.y - lines.count)..., lines) {
      let row = Rect(x: 0, y: y, width: canvas.width, height: 1)
      canvas.fill(row, style: style)
      canvas.put(" " + line, x: 0, y: y, style: style, limit: row.width)
    }
  }

  /// Draws the function bar, or the keys and the text of the open dialogue.
  private mutating func drawBar(into canvas: inout Canvas, in rect: Rect) {
    guard let modal else { return drawFunctionBar(into: &canvas, in: rect) }
    let x = drawKeys(modal.bar, into: &canvas, in: rect)
    switch modal {
    case .prompt(let prompt): draw(prompt, into: &canvas, in: rect, x: x)
    case .question(let text, _):
      canvas.put(" " + text, x: x, y: rect.y, style: .strong, limit: rect.right - x)
    default: break
    }
  }

  private func draw(_ prompt: Prompt, into canvas: inout Canvas, in rect: Rect, x: Int) {
    let x = canvas.put(" " + prompt.title, x: x, y: rect.y, style: .label)
    prompt.field.draw(into: &canvas, x: x, y: rect.y, limit: rect.right - x)
  }

  /// Draws the keys of a dialogue, which can be clicked.
  ///
  /// - Returns: the column after the keys.
  private mutating func drawKeys(
    _ keys: [(key: Key, label: String)], into canvas: inout Canvas, in rect: Rect
  ) -> Int {
    canvas.fill(rect)
    var x = rect.x
    for (key, label) in keys {
      let start = x
      x = canvas.put(key.name, x: x, y: rect.y, style: .key)
      let width = max(6, label.displayWidth + 1)
      x = canvas.put(label.fitted(to: width), x: x, y: rect.y, style: .keyLabel)
      targets.append((Rect(x: start, y: rect.y, width: x - start, height: 1), .key(key)))
    }
    return x
  }

  /// Draws as many of the applicable bindings as fit. The last one, Quit, is always shown.
  private mutating func drawFunctionBar(into canvas: inout Canvas, in rect: Rect) {
    canvas.fill(rect, style: .keyLabel)
    let shown = Binding.all.filter { $0.label != nil && $0.situation.isSubset(of: situation) }
    func cell(_ binding: Binding) -> (key: String, label: String) {
      let key = binding.keyName ?? binding.keys[0].name
      return (key, label(of: binding).fitted(to: max(4, label(of: binding).displayWidth + 1)))
    }
    func width(_ binding: Binding) -> Int {
      cell(binding).key.displayWidth + cell(binding).label.displayWidth
    }
    guard let last = shown.last else { return }
    var x = rect.x
    for binding in shown.dropLast() + [last] {
      let reserve = binding.command == last.command ? 0 : width(last)
      guard x + width(binding) + reserve <= rect.right else { continue }
      let (key, label) = cell(binding)
      let start = x
      x = canvas.put(key, x: x, y: rect.y, style: .key)
      x = canvas.put(label, x: x, y: rect.y, style: .keyLabel)
      targets.append(
        (
          Rect(x: start, y: rect.y, width: x - start, height: 1), .command(binding.command)
        ))
    }
  }

  private func label(of binding: Binding) -> String {
    switch binding.command {
    case .pause where isPaused: "Resume"
    case .playOrPause where timeline?.isPlaying == true: "Pause"
    case .open where focus == .rings: "Requests"
    case .cross: focusedPane.crossing ?? ""
    default: binding.label ?? ""
    }
  }
}
