import UringConfiguration
import UringFindings
import UringSources
import UringTrace

/// The whole UI as a value: it takes input and snapshots, returns effects, and draws into a canvas. It depends on
/// neither the terminal nor the source.
///
/// It has many properties because it is the state of the whole screen. The state of one pane is in
/// the pane.
struct Interface: Sendable {
  /// An effect that the code that runs the interface must carry out.
  enum Effect: Hashable, Sendable {
    case live(LiveCommand)
    case playback(PlaybackCommand)
    case dump(path: String)
    case keep(ConfigurationChange)
    case redraw
    case quit
  }

  /// The effect of a click.
  enum Target: Hashable, Sendable {
    case command(Command)
    case key(Key)
    case pane(PaneSlot, Rect)
    /// A line of the open menu.
    case menuLine(Int)
    /// A position on the time line.
    case seek(Rect)
  }

  let options: UserInterfaceOptions
  private(set) var scene: Scene?
  var timeline: Timeline?
  var rings = ListPane<RingsContent>()
  var lower: [any Pane]
  /// Detail panes, each opened from the one before. The last one is shown.
  var details: [any Pane] = []
  var current: Int
  var focus: PaneSlot
  var modal: Modal?
  var isPaused = false
  var searchText = ""
  var interval: Duration
  /// True once the source no longer changes, because the recording that it follows has ended.
  var isOver = false
  /// A notice and the time at which it expires (ns, CLOCK_MONOTONIC).
  var notice: (Notice, until: UInt64)?
  /// The warning about a mistake in the configuration, shown until a key is pressed.
  private(set) var warning: Notice?
  /// The arrangements of columns that the configuration has, by the name of the pane.
  var kept: [String: (positions: Arrangement, names: NamedArrangement)] = [:]
  /// True while a search for an error in a recording waits for the snapshot at the error.
  var seeksError = false
  /// Keys without a function for which the notice has been shown.
  private var explainedKeys: Set<Key> = []
  /// Counts the changes of the snapshot and of the time line.
  private(set) var revision = 0
  private(set) var rateHistory: [UInt64] = []
  private var diagnosis: Diagnosis
  /// Areas of the last frame that can be clicked. Where areas overlap, the later one is on top.
  var targets: [(rect: Rect, target: Target)] = []
  var places: [ScreenLayout.Place] = []

  init(options: UserInterfaceOptions) {
    self.options = options
    lower = PaneCatalogue.make(
      hasDemo: options.demoStatus != nil, requestFilter: options.requestFilter)
    current = PaneCatalogue.initial(of: lower)
    focus = .lower(current)
    interval = options.refreshInterval
    diagnosis = Diagnosis(window: Self.window, seesEveryRequest: options.seesEveryRequest)
    warning = configure(by: options.configuration)
  }

  /// Period over which findings about rates are judged, nanoseconds.
  private static let window: UInt64 = 10_000_000_000

  // MARK: Input

  /// Takes the source's snapshot. While the UI is paused, the snapshot is ignored.
  mutating func update(_ snapshot: Snapshot, timeline: Timeline?) {
    if timeline != self.timeline {
      self.timeline = timeline
      revision += 1
    }
    if let scene {
      if isPaused { return }
      let old = scene.snapshot
      if old.time == snapshot.time, old.recordCount == snapshot.recordCount,
        old.rings.count == snapshot.rings.count, old.fileNames.count == snapshot.fileNames.count
      {
        return
      }
    }
    revision += 1
    if timeline == nil, snapshot.time != scene?.snapshot.time,
      let second = snapshot.lastSecond.ifMeasured
    {
      rateHistory.append(UInt64(max(0, second.completed)))
      if rateHistory.count > 60 { rateHistory.removeFirst() }
    }
    let findings = diagnosis.findings(in: snapshot)
    var scene = Scene(
      snapshot, ring: scene?.ring, minimumAge: options.minimumAge, demo: options.demoStatus?(),
      findings: findings,
      notEvaluated: diagnosis.notEvaluated(in: snapshot, besides: findings))
    scene.isReplay = isReplay
    scene.hasEveryRequest = options.seesEveryRequest
    scene.selectsRings = options.selectsRings
    show(scene)
    showSoughtError()
  }

  private mutating func show(_ scene: Scene) {
    var scene = scene
    rings.update(scene)
    if case .selectRing(let ring) = rings.selectAction { scene.ring = ring }
    self.scene = scene
    for index in lower.indices { lower[index].update(scene) }
    for index in details.indices { details[index].update(scene) }
  }

  /// Updates the panes if the selected ring has changed.
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

  /// Removes the notice if it has expired. Returns true if a notice was removed.
  mutating func expireNotice(now: UInt64) -> Bool {
    guard let notice, notice.until < now else { return false }
    self.notice = nil
    return true
  }

  mutating func handle(_ input: Input) -> [Effect] {
    switch input {
    case .none, .redraw, .signal, .hangUp: return []
    case .key(let key): return handle(key) + changesToKeep()
    case .click(let x, let y): return click(x: x, y: y) + changesToKeep()
    case .wheel(let x, let y, let rows): return wheel(x: x, y: y, rows: rows)
    }
  }

  mutating func handle(_ key: Key) -> [Effect] {
    notice = nil
    warning = nil
    seeksError = false
    if let modal { return handle(key, in: modal) }
    if case .character(let scalar) = key, let digit = Int(String(scalar)),
      lower.indices ~= digit - 1
    {
      return perform(.showPane(digit - 1))
    }
    if let command = Binding.find(key, in: situation) { return perform(command) }
    if let otherMode = Binding.explanation(of: key, in: situation) {
      notice = (Notice(otherMode), until: .max)
    } else if explainedKeys.insert(key).inserted {
      notice = (Notice("\(key.name) has no function here; F1 lists the keys"), until: .max)
    }
    return []
  }

  // MARK: State

  var isReplay: Bool { timeline != nil }

  var situation: Binding.Situation {
    var situation: Binding.Situation = isReplay ? .replay : .live
    if focusedPane.isList { situation.insert(.list) }
    if focusedPane.opensRows { situation.insert(.opens) }
    if focusedPane.crossing != nil { situation.insert(.crosses) }
    if focusedPane.resets { situation.insert(.resets) }
    if focus == .detail { situation.insert(.detail) }
    if scene.flatMap({ focusedPane.ring($0) }) != nil { situation.insert(.ring) }
    if scene.flatMap({ focusedPane.fieldsPane($0) }) != nil { situation.insert(.fields) }
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

  /// Changes the pane in a slot. Returns nil if there is no snapshot yet.
  mutating func change<Result>(
    _ slot: PaneSlot, _ body: (inout any Pane, Scene) -> Result
  ) -> Result? {
    guard let scene else { return nil }
    var pane = self[slot]
    let result = body(&pane, scene)
    self[slot] = pane
    if slot == .rings { followRingSelection() }
    return result
  }

  /// The request in flight whose detail pane is shown live, nil if there is none. The source
  /// inspects this request.
  var inspected: Request.ID? {
    guard !isReplay, !isPaused, let detail = details.last as? DetailPane,
      let request = scene?.request(detail.id),
      !request.state.isFinal
    else { return nil }
    return detail.id
  }

}

extension FileNames {
  /// Number of known names, which shows whether names were added.
  fileprivate var count: Int { descriptors.count + fixed.count + files.count + closed.count }
}
