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
      let last = focusedPane.sortTitles.count - 1
      switch key {
      case .up: self.modal = .sortMenu(position: max(0, position - 1))
      case .down: self.modal = .sortMenu(position: min(last, position + 1))
      case .home: self.modal = .sortMenu(position: 0)
      case .end: self.modal = .sortMenu(position: last)
      case .enter: chooseSort(position)
      default: self.modal = nil
      }
    case .prompt(let prompt): return handle(key, in: prompt)
    }
    return []
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
      if let time = Clock.parse(text) { return [.playback(.seek(time))] }
      var prompt = prompt
      prompt.complaint = "not a time; try 2.5s, 300ms or 1m30s"
      modal = .prompt(prompt)
      return []
    }
  }
}
