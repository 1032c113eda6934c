import UringTrace

/// The whole UI as a value: input and snapshots go in, effects come out, a canvas is drawn. It knows
/// neither the terminal nor the source.
struct Interface: Sendable {
  /// What the interface asks of the outside.
  enum Effect: Hashable, Sendable {
    case source(SourceCommand)
    case redraw
    case quit
  }

  /// What a click does.
  enum Target: Hashable, Sendable {
    case command(Command)
    case key(Key)
    case pane(PaneSlot, Rect)
    case sortTitle(Int)
    /// Along the time line.
    case seek(Rect)
  }

  let options: UserInterfaceOptions
  private(set) var scene: Scene?
  var timeline: Timeline?
  var rings = ListPane<RingsContent>()
  var lower: [any Pane]
  /// What was opened, one from the other; the last is shown.
  var details: [any Pane] = []
  var current: Int
  var focus: PaneSlot
  var modal: Modal?
  private(set) var isPaused = false
  private var searchText = ""
  private(set) var interval: Duration
  /// A notice, and when it goes (ns, CLOCK_MONOTONIC).
  private(set) var notice: (Notice, until: UInt64)?
  /// Changes whenever a snapshot or a time line was taken over.
  private(set) var revision = 0
  private(set) var rateHistory: [UInt64] = []
  private var diagnosis: Diagnosis
  /// Where the last frame had things to click on; later ones lie above earlier ones.
  var targets: [(rect: Rect, target: Target)] = []
  var places: [ScreenLayout.Place] = []

  init(options: UserInterfaceOptions) {
    self.options = options
    lower = PaneCatalogue.make(hasDemo: options.demoStatus != nil)
    current = PaneCatalogue.initial(of: lower)
    focus = .lower(current)
    interval = options.refreshInterval
    diagnosis = Diagnosis(window: Self.window, seesEveryRequest: options.seesEveryRequest)
  }

  /// Nanoseconds over which findings judge how often something happens.
  private static let window: UInt64 = 10_000_000_000

  // MARK: What comes in

  /// Takes what the source has now; while paused only its notices matter.
  mutating func update(_ snapshot: Snapshot, timeline: Timeline?, force: Bool = false) {
    if timeline != self.timeline {
      self.timeline = timeline
      revision += 1
    }
    if let scene, !force {
      if isPaused { return }
      let old = scene.snapshot
      if old.time == snapshot.time, old.recordCount == snapshot.recordCount,
        old.rings.count == snapshot.rings.count, old.fileNames.count == snapshot.fileNames.count
      {
        return
      }
    }
    revision += 1
    if timeline == nil, snapshot.time != scene?.snapshot.time {
      rateHistory.append(UInt64(max(0, snapshot.lastSecond.completed)))
      if rateHistory.count > 60 { rateHistory.removeFirst() }
    }
    show(
      Scene(
        snapshot, ring: scene?.ring, minimumAge: options.minimumAge, demo: options.demoStatus?(),
        findings: diagnosis.findings(in: snapshot)))
  }

  private mutating func show(_ scene: Scene) {
    var scene = scene
    rings.update(scene)
    if case .selectRing(let ring) = rings.selectAction { scene.ring = ring }
    self.scene = scene
    for index in lower.indices { lower[index].update(scene) }
    for index in details.indices { details[index].update(scene) }
  }

  /// The selected ring may be another one now.
  private mutating func followRingSelection() {
    guard var scene, case .selectRing(let ring) = rings.selectAction, ring != scene.ring else {
      return
    }
    scene.ring = ring
    self.scene = scene
    for index in lower.indices { lower[index].update(scene) }
  }

  mutating func tell(_ notice: Notice, now: UInt64) {
    self.notice = (notice, until: now + (notice.isError ? 15_000_000_000 : 6_000_000_000))
  }

  /// Forgets a notice that was there long enough and says whether there was one.
  mutating func expireNotice(now: UInt64) -> Bool {
    guard let notice, notice.until < now else { return false }
    self.notice = nil
    return true
  }

  mutating func handle(_ input: Input) -> [Effect] {
    switch input {
    case .none, .redraw, .signal, .hangUp: return []
    case .key(let key): return handle(key)
    case .click(let x, let y): return click(x: x, y: y)
    case .wheel(let x, let y, let rows): return wheel(x: x, y: y, rows: rows)
    }
  }

  private mutating func handle(_ key: Key) -> [Effect] {
    notice = nil
    if let modal { return handle(key, in: modal) }
    if case .character(let scalar) = key, let digit = Int(String(scalar)),
      lower.indices ~= digit - 1
    {
      return perform(.showPane(digit - 1))
    }
    return Binding.find(key, in: situation).map { perform($0) } ?? []
  }

  // MARK: State

  var isReplay: Bool { timeline != nil }

  var situation: Binding.Situation {
    var situation: Binding.Situation = isReplay ? .replay : .live
    if focusedPane.isList { situation.insert(.list) }
    if focusedPane.opensRows { situation.insert(.opens) }
    if focusedPane.crossing != nil { situation.insert(.crosses) }
    if focus == .detail { situation.insert(.detail) }
    return situation
  }

  subscript(slot: PaneSlot) -> any Pane {
    get {
      switch slot {
      case .rings: rings
      case .lower(let index): lower[index]
      case .detail: details.last ?? lower[current]
      }
    }
    set {
      switch slot {
      case .rings: if let pane = newValue as? ListPane<RingsContent> { rings = pane }
      case .lower(let index): lower[index] = newValue
      case .detail: if !details.isEmpty { details[details.count - 1] = newValue }
      }
    }
  }

  var focusedPane: any Pane { self[focus] }

  /// Changes the pane in a slot where there is something to show.
  private mutating func change<Result>(
    _ slot: PaneSlot, _ body: (inout any Pane, Scene) -> Result
  ) -> Result? {
    guard let scene else { return nil }
    var pane = self[slot]
    let result = body(&pane, scene)
    self[slot] = pane
    if slot == .rings { followRingSelection() }
    return result
  }

  /// The request whose detail is shown live: it is looked at closely.
  var inspected: Request.ID? {
    guard !isReplay, !isPaused, let detail = details.last as? DetailPane,
      let request = scene?.request(detail.id),
      !request.state.isFinal
    else { return nil }
    return detail.id
  }

  // MARK: Commands

  mutating func perform(_ command: Command) -> [Effect] {
    switch command {
    case .help: modal = .help(ScrollingText())
    case .search:
      modal = .prompt(Prompt(kind: .search, field: TextField()))
    case .filter:
      let filter = focusedPane.filter
      modal = .prompt(Prompt(kind: .filter, field: TextField(filter), before: filter))
    case .sortMenu: modal = .sortMenu(position: focusedPane.sortPosition ?? 0)
    case .invert: _ = change(focus) { $0.invert(scene: $1) }
    case .searchNext: search(forward: true)
    case .searchPrevious: search(forward: false)
    case .pause:
      isPaused.toggle()
      return isPaused ? [] : [.source(.refresh)]
    case .inventory: return [.source(.inventory)]
    case .dump:
      modal = .prompt(Prompt(kind: .dump, field: TextField(options.dumpName())))
    case .longerInterval: return changeInterval(1)
    case .shorterInterval: return changeInterval(-1)
    case .nextPane: moveFocus(1)
    case .previousPane: moveFocus(-1)
    case .showPane(let index):
      details = []
      current = index
      focus = .lower(index)
    case .allRings:
      _ = change(.rings) { $0.navigate(.first, scene: $1) }
    case .open: open(change(focus) { $0.open($1) } ?? .none)
    case .cross: cross()
    case .back: goBack()
    case .navigate(let navigation):
      _ = change(focus) { $0.navigate(navigation, scene: $1) }
    case .redraw: return [.redraw]
    case .quit: return [.quit]
    default: return performReplay(command)
    }
    return []
  }

  private mutating func performReplay(_ command: Command) -> [Effect] {
    guard let timeline else { return [] }
    switch command {
    case .playOrPause: return [.source(timeline.isPlaying ? .pause : .play)]
    case .slower: return [.source(.setSpeed(max(1.0 / 1024, timeline.speed / 2)))]
    case .faster: return [.source(.setSpeed(min(1024, timeline.speed * 2)))]
    case .stepBack: return [.source(.stepBack)]
    case .stepForward: return [.source(.stepForward)]
    case .jump:
      modal = .prompt(Prompt(kind: .jump, field: TextField()))
      return []
    case .nextError: return [.source(.nextError)]
    default: return []
    }
  }

  private mutating func moveFocus(_ step: Int) {
    let slots = places.count > 1 ? places.map(\.pane) : [.rings, .lower(current)]
    guard focus != .detail else { return }
    let position = slots.firstIndex(of: focus) ?? 0
    focus = slots[(position + step + slots.count) % slots.count]
  }

  private mutating func open(_ action: PaneAction) {
    switch action {
    case .none: break
    case .showRequest(let id): open(DetailPane(id: id), action)
    case .showGroup(let id, let member): open(GroupDetailPane(id: id, member: member), action)
    case .showBuffer(let key): open(BufferDetailPane(key: key), action)
    case .showFinding(let key): open(FindingDetailPane(key: key), action)
    case .selectRing: focus = .lower(current)
    }
  }

  /// How many steps back are remembered.
  private static let depth = 50

  /// Opens a pane over the one that is shown; where we came from is gone back to.
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
      notice = (Notice("no \(side.lowercased()) is known of it"), until: .max)
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

  private mutating func search(forward: Bool) {
    let text = searchText
    guard !text.isEmpty else { return }
    _ = change(focus) { $0.search(text, forward: forward, skipsSelection: true, scene: $1) }
  }

  private static let intervals: [Duration] = [
    .milliseconds(100), .milliseconds(200), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(5), .seconds(10),
  ]

  private mutating func changeInterval(_ step: Int) -> [Effect] {
    let position = Self.intervals.lastIndex { $0 <= interval } ?? 0
    interval = Self.intervals[max(0, min(Self.intervals.count - 1, position + step))]
    return [.source(.setRefreshInterval(interval))]
  }

  // MARK: Modals

  private mutating func handle(_ key: Key, in modal: Modal) -> [Effect] {
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

  private mutating func chooseSort(_ position: Int) {
    modal = nil
    // Choosing the column that is sorted by already leaves its order alone, as in htop.
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
      // Moves go to the list under a search.
      if prompt.kind == .search, [.up, .down].contains(key) {
        search(forward: key == .down)
        break
      }
      guard prompt.field.handle(key) else { break }
      let text = prompt.field.text
      if prompt.kind == .filter { _ = change(focus) { $0.setFilter(text, scene: $1) } }
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
    case .search, .filter: return []
    case .dump: return text.isEmpty ? [] : [.source(.dump(path: text))]
    case .jump:
      if text.isEmpty { return [] }
      if let time = Clock.parse(text) { return [.source(.seek(time))] }
      var prompt = prompt
      prompt.complaint = "not a time; try 2.5s, 300ms or 1m30s"
      modal = .prompt(prompt)
      return []
    }
  }

  // MARK: Mouse

  private mutating func click(x: Int, y: Int) -> [Effect] {
    guard let hit = targets.last(where: { $0.rect.contains(x: x, y: y) }) else { return [] }
    switch hit.target {
    case .key(let key): return handle(key)
    case .sortTitle(let position):
      chooseSort(position)
      return []
    case .command(let command):
      modal = nil
      return perform(command)
    case .seek(let bar):
      guard let timeline else { return [] }
      let part = Double(x - bar.x) / Double(max(1, bar.width - 1))
      return [.source(.seek(UInt64(Double(timeline.duration) * max(0, min(1, part)))))]
    case .pane(let slot, let rect):
      guard modal == nil else { return [] }
      // A first click in another pane only selects.
      let hadFocus = focus == slot
      focus = slot
      let action = change(slot) { $0.click(x: x - rect.x, y: y - rect.y, scene: $1) } ?? .none
      if hadFocus { open(action) }
      return []
    }
  }

  private mutating func wheel(x: Int, y: Int, rows: Int) -> [Effect] {
    if case .help(var text)? = modal {
      text.navigate(.scroll(rows))
      modal = .help(text)
    }
    guard modal == nil else { return [] }
    for hit in targets.reversed() where hit.rect.contains(x: x, y: y) {
      guard case .pane(let slot, _) = hit.target else { continue }
      _ = change(slot) { $0.navigate(.scroll(rows), scene: $1) }
      break
    }
    return []
  }
}

extension FileNames {
  /// Names known; grows as more become known.
  fileprivate var count: Int { descriptors.count + fixed.count }
}
