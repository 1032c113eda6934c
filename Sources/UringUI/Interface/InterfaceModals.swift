import UringTrace

/// Handling of keys while a dialogue is open: a prompt, a menu, a question or the help.
extension Interface {
  mutating func handle(_ key: Key, in modal: Modal) -> [Effect] {
    switch modal {
    case .help(var text, let choice, let menu):
      switch Binding.find(key, in: []) {
      case .navigate(let navigation)?:
        text.navigate(navigation)
        self.modal = .help(text, of: choice, over: menu)
      default: self.modal = menu
      }
    case .sortMenu(let position):
      move(position, by: key, of: focusedPane.sortTitles.count) { .sortMenu(position: $0) }
    case .columnMenu(let position):
      if key == .function(7) || key == .function(8) {
        let moved = change(focus) { pane, _ in
          pane.moveColumn(position, by: key == .function(7) ? -1 : 1)
        }
        self.modal = .columnMenu(position: moved ?? position)
        break
      }
      let key = key == .character(" ") ? .enter : key
      move(position, by: key, of: focusedPane.columnChoices.count) { .columnMenu(position: $0) }
    case .totalsMenu(let position):
      move(position, by: key, of: focusedPane.totalsTitles.count) { .totalsMenu(position: $0) }
    case .totals(let field, let position):
      let count = scene.flatMap { focusedPane.totals(by: field, $0)?.terms.count } ?? 0
      move(position, by: key, of: count) { .totals(field: field, position: $0) }
    case .question(_, let effect):
      self.modal = nil
      return [.character("y"), .character("Y"), .enter].contains(key) ? [effect] : []
    case .prompt(let prompt): return handle(key, in: prompt)
    }
    return []
  }

  /// Handles a key in a menu: keys for moving change the line, Enter chooses it, keys for the help
  /// open the help above the menu, and all other keys close the menu.
  private mutating func move(
    _ position: Int, by key: Key, of count: Int, menu: (Int) -> Modal
  ) {
    let moved: Int
    switch key {
    case .up: moved = position - 1
    case .down: moved = position + 1
    case .pageUp: moved = position - 10
    case .pageDown: moved = position + 10
    case .home: moved = 0
    case .end: moved = count - 1
    case .enter: return chooseLine(position)
    case _ where Binding.find(key, in: []) == .help:
      return openHelp(over: menu(position))
    default:
      modal = nil
      return
    }
    modal = menu(max(0, min(count - 1, moved)))
  }

  /// Opens the help above a menu: that of the selected column, or that of all keys.
  private mutating func openHelp(over menu: Modal) {
    var column: ColumnChoice?
    if case .columnMenu(let position) = menu {
      let choices = focusedPane.columnChoices
      if choices.indices ~= position { column = choices[position] }
    }
    modal = .help(ScrollingText(), of: column, over: menu)
  }

  /// Chooses a line of the open menu.
  mutating func chooseLine(_ position: Int) {
    switch modal {
    case .sortMenu:
      modal = nil
      // Choosing the current sort column keeps its order, as in htop.
      guard position != focusedPane.sortPosition else { return }
      _ = change(focus) { $0.sort(byTitle: position, scene: $1) }
    case .columnMenu:
      modal = .columnMenu(position: position)
      _ = change(focus) { pane, _ in pane.toggleColumn(position) }
    case .totalsMenu: modal = .totals(field: position, position: 0)
    case .totals(let field, _):
      modal = nil
      let terms = scene.flatMap { focusedPane.totals(by: field, $0)?.terms } ?? []
      guard terms.indices ~= position else { return }
      let filter = focusedPane.filter
      _ = change(focus) { pane, scene in
        pane.setFilter((filter.isEmpty ? "" : filter + " ") + terms[position], scene: scene)
      }
    default: break
    }
  }

  private mutating func handle(_ key: Key, in prompt: Prompt) -> [Effect] {
    var prompt = prompt
    prompt.complaint = nil
    switch key {
    case .escape:
      modal = nil
      if prompt.kind == .filter { _ = change(focus) { $0.setFilter("", scene: $1) } }
      return []
    case .enter: return answer(prompt)
    case .function(3) where prompt.kind == .search:
      search(forward: true)
    default:
      // During a search, the keys up and down find the previous and the next match.
      if prompt.kind == .search, [.up, .down].contains(key) {
        search(forward: key == .down)
        break
      }
      guard prompt.field.handle(key) else { break }
      let text = prompt.field.text
      if prompt.kind == .filter {
        _ = change(focus) { $0.setFilter(text, scene: $1) }
        prompt.complaint = focusedPane.filterError?.description
      }
      if prompt.kind == .search {
        searchText = text
        let isFound = change(focus) {
          $0.search(text, forward: true, skipsSelection: false, scene: $1)
        }
        if isFound != true, !text.isEmpty { prompt.complaint = "not found" }
      }
    }
    modal = .prompt(prompt)
    return []
  }

  private mutating func answer(_ prompt: Prompt) -> [Effect] {
    modal = nil
    let text = prompt.field.text
    switch prompt.kind {
    case .search: return []
    case .filter:
      guard let error = focusedPane.filterError else { return [] }
      var prompt = prompt
      prompt.complaint = error.description
      modal = .prompt(prompt)
      return []
    case .dump: return text.isEmpty ? [] : [.dump(path: text)]
    case .jump:
      if text.isEmpty { return [] }
      let time = position(of: text)
      if let time, time <= timeline?.duration ?? 0 { return [.playback(.seek(time))] }
      var prompt = prompt
      prompt.complaint =
        time == nil ? "not a time; try 2.5s, 1m30s or 14:05:09" : "the recording has no such time"
      modal = .prompt(prompt)
      return []
    }
  }

  /// The position in the recording for a text, which is a time since the start of the recording or
  /// a time of day.
  private func position(of text: String) -> UInt64? {
    if let time = Clock.parse(text) { return time }
    guard let timeline, let snapshot = scene?.snapshot, snapshot.host.startRealtime != 0 else {
      return nil
    }
    let start = snapshot.time.since(timeline.position)
    let realtime = snapshot.host.startRealtime &+ start.since(snapshot.host.startTime)
    return Clock.parseTimeOfDay(text, after: realtime)
  }
}
