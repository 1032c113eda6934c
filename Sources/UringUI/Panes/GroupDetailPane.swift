import UringFields
import UringTrace

/// The page of one group: facts about its buffer, and a tree of its holders over time.
struct GroupDetailPane: Pane {
  private(set) var id: RequestGroup.ID
  private var seen = LastSeen<RequestGroup>()
  private var table = Table<GroupRow>(columns: GroupRow.columns, id: { $0.id })
  private var axis = TimeAxis(from: 0, to: 1)
  private var tableTop = 0
  /// The member to choose once the group is known.
  private var wanted: Request.ID

  init(id: RequestGroup.ID, member: Request.ID = 0) {
    self.id = id
    wanted = member
  }

  private var group: RequestGroup? { seen.value }

  var name: String { "Group \(id)" }

  func summary(_ scene: Scene) -> String {
    seen.isGone ? "no longer in the history" : group.map { "\($0.provider.title)" } ?? ""
  }

  func shows(_ action: PaneAction) -> Bool {
    if case .showGroup(id, _) = action { true } else { false }
  }

  func ring(_ scene: Scene) -> Ring.ID? { group?.ring }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    FieldsPane<RequestGroup>("group \(id)", .groups) { [id] in $0.group(id) }
  }

  mutating func update(_ scene: Scene) {
    seen.update(scene.group(id), in: scene)
    guard let group else { return }
    let (scene, _) = seen.shown(in: scene)
    let tree = GroupTree(group: group, now: scene.now)
    axis = tree.axis
    table.update(tree.rows, scene: scene)
    if wanted != 0 {
      table.select(id: GroupTree.id(ofMember: wanted, in: group))
      wanted = 0
    }
  }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let group else {
      return canvas.put(notice: "The group is not in the history any more.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    var area = rect
    let lines = notice + GroupFacts(group: group, scene: scene).lines
    let room = max(min(lines.count, rect.height - table.count - 2), max(1, rect.height / 4))
    var text = ScrollingText()
    text.draw(Array(lines.prefix(room)), into: &canvas, in: area.takeTop(room))
    if area.height > table.count + 1 { _ = area.takeTop(1) }
    tableTop = area.y - rect.y
    let axis = axis
    table.draw(
      into: &canvas, in: area, scene: scene, isFocused: isFocused, emptyText: "",
      scale: { axis.scale(width: $0) })
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { table.navigate(navigation) }

  var opensRows: Bool { true }

  func open(_ scene: Scene) -> PaneAction {
    guard let row = table.selectedRow, row.request != 0 else { return .none }
    return .showRequest(row.request)
  }

  var crossing: String? { "Request" }

  /// Opens the chosen request. If no request is chosen, does the same as the list of groups.
  func cross(_ scene: Scene) -> PaneAction {
    let chosen = open(scene)
    return chosen == .none ? group.map { GroupsContent.cross($0, scene) } ?? .none : chosen
  }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    if case .row(isAgain: true) = table.click(x: x, y: y - tableTop) { return open(scene) }
    return .none
  }
}
