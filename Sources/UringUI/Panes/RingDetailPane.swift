import UringBase
import UringFields
import UringFindings
import UringTrace

/// The page of one ring: the tasks that wait, the contents of its queues, its registered resources,
/// and the meanings of its setup flags.
struct RingDetailPane: Pane {
  private let id: Ring.ID
  private var seen = LastSeen<Ring>()
  private var text = ScrollingText()

  init(id: Ring.ID) { self.id = id }

  var name: String { "Ring \(id)" }

  func summary(_ scene: Scene) -> String {
    seen.isGone ? "closed, no longer in the history" : seen.value?.isClosed == true ? "closed" : ""
  }

  func ring(_ scene: Scene) -> Ring.ID? { id }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    FieldsPane<Ring>("ring \(id)", .rings) { [id] in $0.ring(id) }
  }

  func shows(_ action: PaneAction) -> Bool { action == .showRing(id) }

  mutating func update(_ scene: Scene) {
    seen.update(scene.ring(id), in: scene)
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  /// A note that the finding's summary may be about other rings as well.
  private static func others(_ finding: Finding) -> String {
    let count = finding.rings.count - 1
    return count < 1 ? "" : "  with \(Figures.count(count, "other ring")):"
  }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let ring = seen.value else {
      return canvas.put(notice: "The ring is not in the history any more.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    let detail = RingDetail(ring: ring, scene: scene, width: rect.width)
    var page = DetailLines(width: rect.width)
    page.add(notice + detail.identity)
    for row in scene.findings(onRing: id) {
      page.add(
        Piece.fact(
          "Finding",
          [
            Piece(row.finding.tag, row.finding.severity.style),
            Piece(Self.others(row.finding) + "  " + row.finding.summary, .faint),
          ]), .showFinding(row.key))
    }
    page.add(detail.waiting + detail.queues + detail.requests + detail.tables + detail.errors)
    page.add(table: detail.flags)
    text.draw(page.lines, actions: page.actions, into: &canvas, in: rect)
  }

  /// True if there are findings about the ring that can be chosen.
  var opensRows: Bool { text.hasChoices }

  func open(_ scene: Scene) -> PaneAction { text.entered ?? .none }

  var crossing: String? { "Finding" }

  func cross(_ scene: Scene) -> PaneAction {
    scene.findings(onRing: id).first.map { .showFinding($0.key) } ?? .none
  }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    text.click(row: y) ? open(scene) : .none
  }
}
