import UringFields
import UringTrace

/// The page of all fields of one entity: their names in expressions, their values, and their
/// meanings.
struct FieldsPane<Row: Sendable>: Pane {
  private let title: String
  private let fields: FieldSet<Row>
  private let find: @Sendable (Scene) -> Row?
  private var seen = LastSeen<Row>()
  private var text = ScrollingText()

  /// - Parameters:
  ///   - title: the entity's kind and number, such as `group 7`.
  ///   - find: returns the entity in a scene; nil if the entity is not in it.
  init(
    _ title: String, _ fields: FieldSet<Row>, find: @escaping @Sendable (Scene) -> Row?
  ) {
    self.title = title
    self.fields = fields
    self.find = find
  }

  var name: String { "Fields of \(title)" }

  func summary(_ scene: Scene) -> String { seen.isGone ? "no longer listed" : "" }

  mutating func update(_ scene: Scene) { seen.update(find(scene), in: scene) }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let row = seen.value else {
      return canvas.put(notice: "It is no longer listed.", in: rect)
    }
    let (scene, notice) = seen.shown(in: scene)
    let layout = FieldLayout(
      width: rect.width - 1, keyWidth: fields.fields.map(\.key.count).max() ?? 0)
    let lines =
      notice
      + fields.fields.flatMap { field in
        layout.lines(field.key, Self.value(field, row, scene), field.meaning)
      }
    text.draw(lines, into: &canvas, in: rect)
  }

  /// The text of a field's value. Times are relative to the start of the capture, as in the pane
  /// Events.
  private static func value(_ field: Field<Row>, _ row: Row, _ scene: Scene) -> String {
    guard field.type == .time, case .number(let time) = field.value(row, scene.snapshot) else {
      return field.text(row, scene.snapshot)
    }
    return Clock.offset(time, from: scene.snapshot.host.startTime) + ", "
      + scene.distance(to: time)
  }
}

extension FieldSet {
  /// True if the entity has a value in at least one field. Rows without an entity, such as the row
  /// for all rings, have none.
  func describes(_ entity: Entity, in snapshot: Snapshot) -> Bool {
    fields.contains { $0.value(entity, snapshot) != .none }
  }
}

/// A layout of three columns: key, value and meaning. Text that does not fit into its column
/// continues below.
private struct FieldLayout {
  private let keyWidth: Int
  private let valueWidth: Int
  private let meaningWidth: Int

  init(width: Int, keyWidth: Int) {
    self.keyWidth = min(keyWidth, max(8, width / 3))
    let rest = width - self.keyWidth - 3
    valueWidth = min(34, max(8, rest * 2 / 5))
    meaningWidth = max(8, rest - valueWidth - 2)
  }

  func lines(_ key: String, _ value: String, _ meaning: String) -> [[Piece]] {
    let keys = key.pieces(of: keyWidth)
    let values = value.isEmpty ? ["-"] : value.pieces(of: valueWidth)
    let meanings = meaning.pieces(of: meaningWidth)
    func cell(_ texts: [String], _ line: Int, _ width: Int) -> String {
      (texts.indices.contains(line) ? texts[line] : "").fitted(to: width) + "  "
    }
    return (0..<max(keys.count, values.count, meanings.count)).map { line in
      [
        Piece(" " + cell(keys, line, keyWidth), .label),
        Piece(cell(values, line, valueWidth), value.isEmpty ? .faint : .value),
        Piece(meanings.indices.contains(line) ? meanings[line] : "", .faint),
      ]
    }
  }
}

extension String {
  /// Breaks the text into lines of at most `width` columns. A wider word is broken too.
  fileprivate func pieces(of width: Int) -> [String] {
    wrapped(to: width).flatMap { line in
      var pieces = [""]
      for character in line {
        if pieces[pieces.count - 1].displayWidth + String(character).displayWidth > width {
          pieces.append("")
        }
        pieces[pieces.count - 1].append(character)
      }
      return pieces
    }
  }
}
