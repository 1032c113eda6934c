import UringFields
import UringFindings
import UringTrace

/// The page of one finding: its meaning, cure and figures, and its requests, which can be opened.
struct FindingDetailPane: Pane {
  private let key: FindingKey
  private var seen = LastSeen<Finding>()
  private var text = ScrollingText()

  init(key: FindingKey) { self.key = key }

  private var finding: Finding? { seen.value }

  var name: String { "Finding \(key.tag)" }

  func summary(_ scene: Scene) -> String { seen.isGone ? "no longer holds" : "" }

  func ring(_ scene: Scene) -> Ring.ID? { finding?.rings.first }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    FieldsPane<Finding>("finding \(key.tag)", .findings) { [key] in $0.finding(key) }
  }

  func shows(_ action: PaneAction) -> Bool { action == .showFinding(key) }

  mutating func update(_ scene: Scene) {
    seen.update(scene.finding(key), in: scene)
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let finding else {
      return canvas.put(notice: "It has passed.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    var lines = notice
    let width = max(20, rect.width - Piece.factIndent - 1)
    func add(_ name: String, _ value: String, _ style: Style = .normal) {
      for (index, part) in value.wrapped(to: width).enumerated() {
        lines.append(Piece.fact(index == 0 ? name : "", [Piece(part, style)]))
      }
    }
    add("Severity", "\(finding.severity.name)", finding.severity.style)
    for id in finding.rings {
      add("Ring", "\(id)  " + (scene.ring(id).map { scene.label(of: $0) } ?? ""))
    }
    add("Seen", finding.summary, .strong)
    add("Means", finding.meaning)
    add("Do", finding.cure)
    for number in finding.numbers { lines.append(Self.line(number)) }
    var actions: [Int: PaneAction] = [:]
    if !finding.requests.isEmpty {
      lines += [[], [Piece(" Requests", .label)]]
      for id in finding.requests {
        actions[lines.count] = .showRequest(id)
        lines.append(Self.line(id, scene))
      }
      let more = finding.requestCount - UInt64(finding.requests.count)
      if more > 0 { lines.append([Piece("   and \(Humanise.grouped(more)) more", .faint)]) }
    }
    text.draw(lines, actions: actions, into: &canvas, in: rect)
  }

  private static func line(_ number: Finding.Number) -> [Piece] {
    let isDuration = number.name.hasSuffix("_ns")
    let value = isDuration ? Humanise.duration(number.value) : Humanise.grouped(number.value)
    let name = number.name.dropLast(isDuration ? 3 : 0).map { $0 == "_" ? " " : $0 }
    return [
      Piece(" ".fitted(to: Piece.factIndent)), Piece("\(String(name)) ", .faint),
      Piece(value, .value),
    ]
  }

  private static func line(_ id: Request.ID, _ scene: Scene) -> [Piece] {
    guard let request = scene.request(id) else {
      return [Piece("   request \(id)"), Piece("  no longer in the history", .faint)]
    }
    var pieces = [
      Piece("   "), Piece(Names.opcode(request.opcode).fitted(to: 14), .name),
      Piece((request.isUserDataKnown ? Humanise.hex(request.userData) : "?") + "  "),
      Names.state(request.state),
    ]
    if request.hasResult { pieces += [Piece("  "), Names.result(request)] }
    if let name = scene.snapshot.fileNames.name(of: request) {
      pieces.append(Piece("  " + name, .faint))
    }
    return pieces
  }

  /// True if the finding has requests that can be chosen.
  var opensRows: Bool { text.hasChoices }

  func open(_ scene: Scene) -> PaneAction { text.entered ?? .none }

  var crossing: String? { "Request" }

  func cross(_ scene: Scene) -> PaneAction {
    text.chosen ?? finding?.requests.first.map { .showRequest($0) } ?? .none
  }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    text.click(row: y) ? open(scene) : .none
  }
}
