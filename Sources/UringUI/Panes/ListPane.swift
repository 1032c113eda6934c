import UringFields
import UringTrace

/// The content of a list pane: its columns and the source of its rows.
protocol ListContent: Sendable {
  associatedtype Row: Sendable
  associatedtype Rows: RandomAccessCollection<Row> & Sendable = [Row] where Rows.Index == Int
  static var name: String { get }
  static var columns: [Column<Row>] { get }
  /// Fields that a filter can compare. A filter also searches the columns for its plain words.
  static var fields: FieldSet<Row> { get }
  /// Number of rows that always stay at the front.
  static var pinnedCount: Int { get }
  static var followsTail: Bool { get }
  /// Title of the initial sort column; nil for the rows' own order.
  static var initialSort: String? { get }
  /// True if the rows are only examples, because the snapshot has none of the list's own rows.
  /// ``note(_:)`` then explains them.
  static func isSample(_ scene: Scene) -> Bool
  /// Text below the rows; nil for none.
  static func note(_ scene: Scene) -> String?
  /// Text shown when there are no rows.
  static var emptyText: String { get }
  /// Text shown when there are no rows, with a reason from the snapshot if there is one.
  static func emptyText(_ scene: Scene) -> String
  /// Text shown when there are rows, but none is on the selected ring and old enough.
  static func hiddenText(_ scene: Scene) -> String?

  static func id(_ row: Row) -> UInt64
  /// All rows. This is cheap if it returns a list of the snapshot.
  static func rows(_ scene: Scene) -> Rows
  /// Returns true for rows to show; nil shows all.
  static func includes(_ scene: Scene) -> (@Sendable (Row) -> Bool)?
  static func open(_ row: Row) -> PaneAction
  /// The action of selecting a row.
  static func select(_ row: Row) -> PaneAction
  /// Label of ``Command/cross`` in the function bar; nil if the command does nothing in this list.
  static var crossing: String? { get }
  static func cross(_ row: Row, _ scene: Scene) -> PaneAction
  /// True if there are findings about the row, to which ``open(_:)`` leads.
  static func leadsToFindings(_ row: Row, _ scene: Scene) -> Bool
  /// The row's ring; nil if it has none.
  static func ring(_ row: Row) -> Ring.ID?
  /// The row's kind and number, such as `group 7`, as title of the page of its fields.
  static func title(_ row: Row) -> String
  /// The page of all fields of the row; nil if the row has none.
  static func fieldsPane(_ row: Row) -> (any Pane)?
  /// The row with this ID; nil if it is no longer in the snapshot.
  static func find(_ id: UInt64, _ scene: Scene) -> Row?
}

extension ListContent {
  static var fields: FieldSet<Row> { .none }
  static var pinnedCount: Int { 0 }
  static var followsTail: Bool { false }
  static var initialSort: String? { nil }
  static func includes(_ scene: Scene) -> (@Sendable (Row) -> Bool)? { nil }
  static func isSample(_ scene: Scene) -> Bool { false }
  static func note(_ scene: Scene) -> String? { nil }
  static func emptyText(_ scene: Scene) -> String { emptyText }
  static func hiddenText(_ scene: Scene) -> String? {
    scene.ring == nil ? nil : emptyText(scene) + " on the selected ring"
  }
  static func open(_ row: Row) -> PaneAction { .none }
  static func select(_ row: Row) -> PaneAction { .none }
  static var crossing: String? { nil }
  static func cross(_ row: Row, _ scene: Scene) -> PaneAction { .none }
  static func leadsToFindings(_ row: Row, _ scene: Scene) -> Bool { false }
  static func ring(_ row: Row) -> Ring.ID? { nil }
  static func title(_ row: Row) -> String { name.lowercased() }
  static func fieldsPane(_ row: Row) -> (any Pane)? {
    let id = id(row)
    return FieldsPane(title(row), fields) { find(id, $0) }
  }
  static func find(_ id: UInt64, _ scene: Scene) -> Row? {
    rows(scene).first { self.id($0) == id }
  }
}

extension ListContent where Row == Request {
  static func ring(_ row: Request) -> Ring.ID? { row.ring }
  static func leadsToFindings(_ row: Request, _ scene: Scene) -> Bool {
    !scene.findings(about: row.id).isEmpty
  }
  static func title(_ row: Request) -> String { "request \(row.id)" }
  static func find(_ id: UInt64, _ scene: Scene) -> Request? { scene.request(id) }
}

/// A pane that consists of one table.
struct ListPane<Content: ListContent>: TablePane {
  var table: Table<Content.Row>

  init(filter: String = "") {
    table = Table(
      columns: Content.columns, fields: Content.fields, filter: filter,
      pinnedCount: Content.pinnedCount, followsTail: Content.followsTail,
      sortedBy: Content.initialSort, id: { Content.id($0) })
  }

  var name: String { Content.name }

  func summary(_ scene: Scene) -> String {
    if Content.isSample(scene) { return "0; a sample" }
    let all = Humanise.grouped(
      UInt64(table.unfilteredCount - min(Content.pinnedCount, table.count)))
    if filter.isEmpty { return all }
    if filterError != nil { return "\(all), not filtered" }
    let shown = Humanise.grouped(UInt64(table.count - min(Content.pinnedCount, table.count)))
    return "\(shown) of \(all), \"\(filter)\""
  }

  var selectedRow: Content.Row? { table.selectedRow }

  mutating func update(_ scene: Scene) {
    table.update(Content.rows(scene), scene: scene, includes: Content.includes(scene))
  }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    var rect = rect
    if rect.height > 3, let note = Content.note(scene) {
      // The note gets the room below the rows, but at least a third of the pane.
      let room = max(rect.height / 3, rect.height - 1 - max(1, table.count))
      let lines = note.wrapped(to: rect.width - 1, atMost: room)
      rect.height -= lines.count
      for (y, line) in zip(rect.bottom..., lines) {
        canvas.put(line, x: rect.x + 1, y: y, style: .faint, limit: rect.width - 1)
      }
    }
    table.draw(
      into: &canvas, in: rect, scene: scene, isFocused: isFocused,
      emptyText: Content.emptyText(scene),
      hiddenText: Content.hiddenText(scene))
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { table.navigate(navigation) }

  var opensRows: Bool { true }

  func open(_ scene: Scene) -> PaneAction { table.selectedRow.map(Content.open) ?? .none }

  var crossing: String? { Content.crossing }

  func cross(_ scene: Scene) -> PaneAction {
    table.selectedRow.map { Content.cross($0, scene) } ?? .none
  }

  func leadsToFindings(_ scene: Scene) -> Bool {
    table.selectedRow.map { Content.leadsToFindings($0, scene) } ?? false
  }

  func ring(_ scene: Scene) -> Ring.ID? { table.selectedRow.flatMap(Content.ring) }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    guard let row = table.selectedRow, Content.fields.describes(row, in: scene.snapshot) else {
      return nil
    }
    return Content.fieldsPane(row)
  }

  mutating func select(request: Request.ID) -> Bool {
    Content.Row.self == Request.self && table.select(id: request)
  }

  var selectAction: PaneAction { table.selectedRow.map(Content.select) ?? .none }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    switch table.click(x: x, y: y) {
    case .nothing: return .none
    case .title(let column):
      table.sort(by: column, scene: scene)
      return .none
    case .row(let isAgain):
      return isAgain ? open(scene) : .none
    }
  }
}
