import UringFields
import UringTrace

/// The page of one request: its steps on a time line, its chain, and its SQE.
struct DetailPane: Pane {
  private(set) var id: Request.ID
  private var seen = LastSeen<Request>()
  private var chain: Chain?
  private var text = ScrollingText()

  init(id: Request.ID) { self.id = id }

  private var request: Request? { seen.value }

  var name: String { "Request \(id)" }

  func summary(_ scene: Scene) -> String { seen.isGone ? "no longer in the history" : "" }

  mutating func update(_ scene: Scene) {
    seen.update(scene.request(id), in: scene)
    if let request, !seen.isGone { chain = scene.chain(request.chain) ?? chain }
  }

  func ring(_ scene: Scene) -> Ring.ID? { request?.ring }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    FieldsPane<Request>("request \(id)", .requests) { [id] in $0.request(id) }
  }

  func shows(_ action: PaneAction) -> Bool { action == .showRequest(id) }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let request else {
      return canvas.put(notice: "The request is not in the history any more.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    var area = rect
    let isWide = rect.width >= 130
    var left = isWide ? area.takeLeft(rect.width * 3 / 5) : area
    if isWide { left.width -= 2 }
    let detail = RequestDetail(request: request, chain: chain, scene: scene, width: left.width)
    var page = DetailLines(width: left.width)
    page.add(notice + detail.identity)
    if let group = detail.group { page.add(group, .group(of: request)) }
    for row in scene.findings(about: request.id) {
      page.add(
        Piece.fact("Finding", [Piece(row.finding.tag, row.finding.severity.style)]),
        .showFinding(row.key))
    }
    page.add(table: [[]] + detail.timeline(width: left.width))
    // Indices begin at 1, because the first line of the chain is its heading.
    let members = zip(detail.chainMembers, 1...).filter { $0.0 != request.id }
    page.add(
      table: detail.chainTree,
      Dictionary(uniqueKeysWithValues: members.map { ($1, .showRequest($0)) }))
    page.add(table: detail.userStack + detail.kernelStack + (isWide ? [] : detail.fields))
    text.draw(page.lines, actions: page.actions, into: &canvas, in: left)
    if isWide {
      var beside = ScrollingText()
      beside.draw(detail.fields, into: &canvas, in: area)
    }
  }

  /// True if there are chain members, a group, or findings to choose.
  var opensRows: Bool { text.hasChoices }

  func open(_ scene: Scene) -> PaneAction { text.entered ?? .none }

  var crossing: String? { "Group" }

  func leadsToFindings(_ scene: Scene) -> Bool {
    request.map { !scene.findings(about: $0.id).isEmpty } ?? false
  }

  func cross(_ scene: Scene) -> PaneAction { request.map { .group(of: $0) } ?? .none }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    text.click(row: y) ? open(scene) : .none
  }
}
