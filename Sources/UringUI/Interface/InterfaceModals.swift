import UringTrace

/// Keys while a prompt, a menu or the help receives them.
extension Interface {
  mutating func handle(_ key: Key, in modal: Modal) -> [Effect] {
    switch modal {
    case .help(var text):
      switch Binding.find(key, in: []) {
      case .navigate(let navigation)?:
        text.navigate(navigation)
        self.modal = .help(text)
      default: self.modal = nil
      }
    case .sortMenu(let position):
      if key == .enter {
        chooseSort(position)
      } else {
        self.modal = Self.moved(position, by: key, of: focusedPane.sortTitles.count)
          .map { .sortMenu(position: $0) }
      }
    case .columnMenu(let position):
      if [.character(" "), .enter].contains(key) {
        toggleColumn(position)
      } else {
        self.modal = Self.moved(position, by: key, of: focusedPane.columnChoices.count)
          .map { .columnMenu(position: $0) }
      }
    case .question(_, let effect):
      self.modal = nil
      return [.character("y"), .character("Y"), .enter].contains(key) ? [effect] : []
    case .prompt(let prompt): return handle(key, in: prompt)
    }
    return []
  }

  /// The position in a menu after a key; nil if the key closes the menu.
  private static func moved(_ position: Int, by key: Key, of count: Int) -> Int? {
    switch key {
    case .up: max(0, position - 1)
    case .down: min(count - 1, position + 1)
    case .pageUp: max(0, position - 10)
    case .pageDown: min(count - 1, position + 10)
    case .home: 0
    case .end: count - 1
    default: nil
    }
  }

  mutating func toggleColumn(_ position: Int) {
    modal = .columnMenu(position: position)
    _ = change(focus) { pane, _ in pane.toggleColumn(position) }
  }

  mutating func chooseSort(_ position: Int) {
    modal = nil
    // Choosing the current sort column keeps its order, as in htop.
    guard position != focusedPane.sortPosition else { return }
    _ = change(focus) { $0.sort(byTitle: position, scene: $1) }
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
      // During a search, moves apply to the list.
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

  /// The position in the recording that a text gives, as a time since its start or a time of day.
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
