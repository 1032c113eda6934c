import UringFields
import UringTrace

/// The page of one buffer, with the requests that use it now.
struct BufferDetailPane: Pane {
  private let key: Buffer.Key
  private var seen = LastSeen<Buffer>()
  private var table = Table<Request>(columns: RequestsContent.columns, id: { $0.id })
  private var tableTop = 0

  init(key: Buffer.Key) { self.key = key }

  private var buffer: Buffer? { seen.value }

  var name: String { "Buffer " + (buffer.map { Names.index($0) } ?? "\(key.index)") }

  func summary(_ scene: Scene) -> String { seen.isGone ? "no longer in the ring's table" : "" }

  func ring(_ scene: Scene) -> Ring.ID? { buffer?.ring }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    buffer.map { buffer in
      FieldsPane<Buffer>("buffer \(Names.index(buffer))", .buffers) { [key] in $0.buffer(key) }
    }
  }

  func shows(_ action: PaneAction) -> Bool { action == .showBuffer(key) }

  mutating func update(_ scene: Scene) {
    seen.update(scene.buffer(key), in: scene)
    let (scene, _) = seen.shown(in: scene)
    let borrowers = Set(buffer?.borrowers ?? [])
    let requests = scene.snapshot.requests.filter { borrowers.contains($0.id) }
    table.update(requests, scene: scene)
  }

  private func lines(_ buffer: Buffer, _ scene: Scene) -> [[Piece]] {
    func line(_ name: String, _ pieces: Piece...) -> [Piece] {
      Piece.fact(name, pieces)
    }
    var memory = [
      buffer.length == 0 ? "" : Humanise.exactBytes(buffer.length),
      buffer.segments > 1 ? "\(buffer.segments) segments" : "", Names.direction(buffer.direction),
      buffer.tag == 0 ? "" : "tag " + Humanise.hex(buffer.tag),
      buffer.sharers > 1 ? "shared by \(buffer.sharers) rings" : "",
    ]
    memory.removeAll(where: \.isEmpty)
    var lines = [
      line(
        "Buffer", Piece("\(Names.kind(buffer.kind)) \(Names.index(buffer))", .strong),
        Piece("  ring \(buffer.ring)"),
        Piece(scene.ring(buffer.ring).map { ": " + scene.label(of: $0) } ?? "")),
      line(
        "Memory", BuffersContent.memory(buffer, width: 40),
        Piece("  " + memory.joined(separator: ", "))),
      line(
        "Used", Piece("\(Humanise.grouped(buffer.useCount))×", .value),
        Piece(
          buffer.lastUseTime == 0
            ? "" : "  last \(Humanise.duration(scene.age(since: buffer.lastUseTime))) ago"),
        Piece(
          buffer.registeredTime == 0
            ? "  registered before uringtop"
            : "  registered \(Humanise.duration(scene.age(since: buffer.registeredTime))) ago",
          .faint)),
    ]
    if !BuffersContent.left(buffer).text.isEmpty {
      lines.append(
        line(
          "Left", BuffersContent.left(buffer), Piece("  "), BuffersContent.state(buffer)))
    } else if buffer.isWithdrawn {
      lines.append(line("State", Piece("withdrawn, still held by requests", .warning)))
    }
    if buffer.group != 0 { lines.append(line("Group", Piece("\(buffer.group)", .label))) }
    if !buffer.release.isEmpty { lines.append(line("Given back", Piece("by " + buffer.release))) }
    lines.append(
      [Piece(" Borrowers", .titleFocused), Piece("  \(buffer.borrowers.count)", .faint)]
        + (buffer.references.map { [Piece("  kernel's count \($0)", .faint)] } ?? []))
    return lines
  }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let buffer else {
      return canvas.put(notice: "The buffer is not in the table any more.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    var area = rect
    let lines = notice + lines(buffer, scene)
    // The last line is the heading of the table below, so it is always shown.
    let room = max(1, min(lines.count, rect.height - min(5, rect.height / 2)))
    var text = ScrollingText()
    text.draw(
      lines.prefix(room - 1) + lines.suffix(1), into: &canvas, in: area.takeTop(room))
    tableTop = area.y - rect.y
    table.draw(
      into: &canvas, in: area, scene: scene, isFocused: isFocused,
      emptyText: "no request uses it now")
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { table.navigate(navigation) }

  var opensRows: Bool { true }

  func open(_ scene: Scene) -> PaneAction {
    table.selectedRow.map { .showRequest($0.id) } ?? .none
  }

  var crossing: String? { "Group" }

  func cross(_ scene: Scene) -> PaneAction {
    guard let buffer, buffer.group != 0 else { return .none }
    return .showGroup(buffer.group, member: table.selectedRow?.id ?? 0)
  }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    if case .row(isAgain: true) = table.click(x: x, y: y - tableTop) { return open(scene) }
    return .none
  }
}
