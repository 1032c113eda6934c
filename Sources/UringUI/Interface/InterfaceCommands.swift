import UringSources

/// Execution of the commands that keys and clicks give.
extension Interface {
  mutating func perform(_ command: Command) -> [Effect] {
    switch command {
    case .help: modal = .help(ScrollingText(), of: nil, over: nil)
    case .search:
      modal = .prompt(Prompt(kind: .search, field: TextField()))
    case .filter:
      let filter = focusedPane.filter
      modal = .prompt(Prompt(kind: .filter, field: TextField(filter)))
    case .columnMenu: modal = .columnMenu(position: 0)
    case .totals:
      if focusedPane.totalsTitles.isEmpty {
        notice = (Notice("the rows of this pane have no fields to group by"), until: .max)
      } else {
        modal = .totalsMenu(position: 0)
      }
    case .sortMenu: modal = .sortMenu(position: focusedPane.sortPosition ?? 0)
    case .invert: _ = change(focus) { $0.invert(scene: $1) }
    case .searchNext: search(forward: true)
    case .searchPrevious: search(forward: false)
    case .pause:
      isPaused.toggle()
      return isPaused ? [] : [.live(.refresh)]
    case .inventory: return [.live(.inventory)]
    case .dump:
      modal = .prompt(Prompt(kind: .dump, field: TextField(options.dumpName())))
    case .longerInterval: return changeInterval(1)
    case .shorterInterval: return changeInterval(-1)
    case .nextPane: moveFocus(1)
    case .previousPane: moveFocus(-1)
    case .showPane(let index): show(pane: index)
    case .allRings:
      _ = change(.rings) { $0.navigate(.first, scene: $1) }
    case .open: open(change(focus) { $0.open($1) } ?? .none)
    case .cross: cross()
    case .back: goBack()
    case .navigate(let navigation):
      _ = change(focus) { $0.navigate(navigation, scene: $1) }
    case .reset: _ = change(focus) { $0.reset($1) }
    case .endReset: _ = change(focus) { $0.endReset($1) }
    case .redraw: return [.redraw]
    case .ring: open(scene.flatMap { focusedPane.ring($0) }.map { .showRing($0) } ?? .none)
    case .fields:
      if let pane = scene.flatMap({ focusedPane.fieldsPane($0) }) { open(pane, .none) }
    case .quit:
      guard let program = options.startedProgram?() else { return [.quit] }
      modal = .question("Quit and end \(program)?", .quit)
    default: return performReplay(command)
    }
    return []
  }

  private mutating func performReplay(_ command: Command) -> [Effect] {
    guard let timeline else { return [] }
    switch command {
    case .playOrPause: return [.playback(timeline.isPlaying ? .pause : .play)]
    case .slower: return [.playback(.setSpeed(max(1.0 / 1024, timeline.speed / 2)))]
    case .faster: return [.playback(.setSpeed(min(1024, timeline.speed * 2)))]
    case .stepBack: return [.playback(.stepBack)]
    case .stepForward: return [.playback(.stepForward)]
    case .jump:
      modal = .prompt(Prompt(kind: .jump, field: TextField()))
      return []
    case .nextError: return seekError(.nextError)
    case .previousError: return seekError(.previousError)
    case .skip(let nanoseconds):
      let distance = nanoseconds.magnitude
      let position =
        nanoseconds < 0 ? timeline.position.since(distance) : timeline.position &+ distance
      return [.playback(.seek(min(position, timeline.duration)))]
    default: return []
    }
  }

  private mutating func seekError(_ command: PlaybackCommand) -> [Effect] {
    seeksError = true
    return [.playback(command)]
  }

  /// If a search for an error has reached its snapshot, selects the request that failed and
  /// describes the failure.
  mutating func showSoughtError() {
    guard seeksError, let scene else { return }
    seeksError = false
    guard let event = scene.snapshot.events.last, event.isError else {
      notice = (Notice("the filter hides the request that failed"), until: .max)
      return
    }
    notice = (Notice(scene.description(ofError: event)), until: .max)
    guard let index = lower.indices.first(where: { lower[$0].select(request: event.request) })
    else { return }
    show(pane: index)
  }

  private mutating func show(pane index: Int) {
    details = []
    current = index
    focus = .lower(index)
  }

  private mutating func moveFocus(_ step: Int) {
    let slots = places.count > 1 ? places.map(\.pane) : [.rings, .lower(current)]
    guard focus != .detail else { return }
    let position = slots.firstIndex(of: focus) ?? 0
    focus = slots[(position + step + slots.count) % slots.count]
  }

  mutating func open(_ action: PaneAction) {
    switch action {
    case .none: break
    case .showRequest(let id): open(DetailPane(id: id), action)
    case .showGroup(let id, let member): open(GroupDetailPane(id: id, member: member), action)
    case .showBuffer(let key): open(BufferDetailPane(key: key), action)
    case .showFinding(let key): open(FindingDetailPane(key: key), action)
    case .showRing(let id): open(RingDetailPane(id: id), action)
    case .listEnded(let query):
      list(lower.firstIndex { $0 is ListPane<RecentContent> }, query)
    case .listInFlight(let query):
      list(lower.firstIndex { $0 is ListPane<RequestsContent> }, query)
    case .explain(let text): notice = (Notice(text), until: .max)
    case .selectRing: focus = .lower(current)
    }
  }

  /// Shows the pane at an index with a filter.
  private mutating func list(_ index: Int?, _ query: String) {
    guard let index else { return }
    _ = change(.lower(index)) { $0.setFilter(query, scene: $1) }
    show(pane: index)
  }

  /// Maximum number of detail panes to which the user can go back.
  private static let depth = 50

  /// Opens a pane above the one that is shown. If the action asks for the pane below the shown one,
  /// returns to it instead.
  private mutating func open(_ pane: any Pane, _ action: PaneAction) {
    if details.last?.shows(action) == true { return }
    if details.dropLast().last?.shows(action) == true {
      details.removeLast()
      return
    }
    var pane = pane
    if let scene { pane.update(scene) }
    if details.count == Self.depth { details.removeFirst() }
    details.append(pane)
    focus = .detail
  }

  private mutating func cross() {
    let action = scene.map { focusedPane.cross($0) } ?? .none
    if action == .none, let side = focusedPane.crossing {
      let hasFindings = scene.map { focusedPane.leadsToFindings($0) } ?? false
      notice = (
        Notice(
          "no \(side.lowercased()) is known for this row"
            + (hasFindings ? "; Enter leads to its finding" : "")), until: .max
      )
    }
    open(action)
  }

  private mutating func goBack() {
    if !details.isEmpty {
      details.removeLast()
      if details.isEmpty { focus = .lower(current) }
    } else if !focusedPane.filter.isEmpty {
      _ = change(focus) { $0.setFilter("", scene: $1) }
    }
  }

  mutating func search(forward: Bool) {
    let text = searchText
    guard !text.isEmpty else { return }
    _ = change(focus) { $0.search(text, forward: forward, skipsSelection: true, scene: $1) }
  }

  private static let intervals: [Duration] = [
    .milliseconds(100), .milliseconds(200), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(5), .seconds(10),
  ]

  private mutating func changeInterval(_ step: Int) -> [Effect] {
    let next =
      step > 0 ? Self.intervals.first { $0 > interval } : Self.intervals.last { $0 < interval }
    guard let next else { return [] }
    interval = next
    return [.live(.setRefreshInterval(next)), .keep(.interval(next.wholeNanoseconds))]
  }
}
