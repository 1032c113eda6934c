import UringBase
import UringFields

/// A list: columns, sorting, filter, search, and a selection that follows its row across refreshes.
///
/// Rows are formatted only if they are on the screen, or if a search or filter examines them.
///
/// It has many properties because order, filter, selection, scroll position and layout depend on
/// each other: a change of one adjusts the others.
struct Table<Row: Sendable>: Sendable {
  /// The columns of the pane, followed by a column for each further field.
  let columns: [Column<Row>]
  /// Order, visibility and sorting of the columns.
  var arrangement: Arrangement
  /// Fields that a filter can compare.
  let fields: FieldSet<Row>
  private let id: @Sendable (Row) -> UInt64
  /// Number of rows at the front that are neither sorted nor filtered.
  private let pinnedCount: Int
  /// True if a selection on the last row stays on the last row when rows are added.
  private let followsTail: Bool

  /// The named filters, to which ``filter`` can refer with `@`.
  private var filters = NamedFilters()
  private(set) var filter = ""
  /// Why ``filter`` is invalid; nil if it is valid. An invalid filter excludes no rows.
  private(set) var filterError: QueryError?
  private var query: Query<Row>?

  private var rows = RowList<Row>([])
  /// Positions in ``rows``, in the order shown; nil for all rows in their own order.
  private var order: [Int32]?
  /// Id of the selected row. Nil if the selection is on the first row or, with ``followsTail``, on
  /// the last row, where it stays.
  private var selectedID: UInt64?
  private(set) var selection = 0
  private var top = 0
  private var pageHeight = 1
  private(set) var layout: ColumnLayout
  /// The largest width that the texts of each column have needed so far. It never shrinks, so that
  /// columns do not move back and forth.
  private var needs: [Int]
  private var needsWidth = 0
  /// Columns in which no row that was on the screen had a text.
  private var empty: Set<Int>

  init(
    columns: [Column<Row>], fields: FieldSet<Row> = .none, filter: String = "",
    pinnedCount: Int = 0, followsTail: Bool = false, sortedBy title: String? = nil,
    id: @escaping @Sendable (Row) -> UInt64
  ) {
    let others = fields.fields.filter { field in !columns.contains { $0.shows(field) } }
    self.columns = columns + others.map { Column($0) }
    arrangement = Arrangement(
      order: Array(self.columns.indices), hidden: Set(columns.count..<self.columns.count))
    self.fields = fields
    self.pinnedCount = pinnedCount
    self.followsTail = followsTail
    self.id = id
    layout = ColumnLayout(columns, width: 1_000)
    needs = Array(repeating: 0, count: self.columns.count)
    empty = Set(self.columns.indices)
    if let title, let column = columns.firstIndex(where: { $0.title == title }) {
      arrangement.sortColumn = column
      arrangement.isDescending = columns[column].order?.isDescendingAtFirst ?? false
    }
    setFilter(filter)
  }

  // MARK: Rows

  /// Number of rows that pass the filter.
  var count: Int { order?.count ?? rows.count }
  /// Number of rows without the filter.
  private(set) var unfilteredCount = 0

  func row(_ position: Int) -> Row { rows[order.map { Int($0[position]) } ?? position] }

  var selectedRow: Row? { count > 0 ? row(min(selection, count - 1)) : nil }

  /// Takes new rows, and shows those for which `includes` is true.
  mutating func update<Rows: RandomAccessCollection<Row> & Sendable>(
    _ rows: Rows, scene: Scene, includes: (@Sendable (Row) -> Bool)? = nil
  ) where Rows.Index == Int {
    self.rows = RowList(rows)
    self.includes = includes
    arrange(scene)
  }

  private var includes: (@Sendable (Row) -> Bool)?

  /// Filters and sorts the rows again, and restores the selection.
  private mutating func arrange(_ scene: Scene) {
    var order: [Int32]?
    if let includes {
      var included: [Int32] = []
      for position in 0..<rows.count where includes(rows[position]) {
        included.append(Int32(position))
      }
      order = included
    }
    unfilteredCount = order?.count ?? rows.count
    if let query {
      order = (order ?? Array(0..<Int32(rows.count))).filter { position in
        let row = rows[Int(position)]
        return position < pinnedCount
          || query.matches(row, in: scene.snapshot) { matches($0, row, scene) }
      }
    }
    if let sortColumn, let key = columns[sortColumn].order {
      order = sorted(order ?? Array(0..<Int32(rows.count)), by: key, scene)
    }
    self.order = order
    restoreSelection()
  }

  private func sorted(_ order: [Int32], by key: Column<Row>.Order, _ scene: Scene) -> [Int32] {
    let pinned = order.prefix { $0 < pinnedCount }
    let rest = order.dropFirst(pinned.count)
    switch key {
    case .number(let value):
      return pinned + sorted(rest.map { (value(rows[Int($0)], scene), $0) })
    case .text(let value):
      // Many texts are equal, so it is much cheaper to compare their ranks.
      let texts = rest.map { value(rows[Int($0)], scene) }
      var ranks: [String: UInt64] = [:]
      for (rank, text) in Set(texts).sorted().enumerated() { ranks[text] = UInt64(rank) }
      return pinned + sorted(zip(texts, rest).map { (ranks[$0] ?? 0, $1) })
    }
  }

  /// The positions sorted by key. Rows with the same key keep their own order.
  private func sorted(_ keyed: [(UInt64, Int32)]) -> [Int32] {
    var keyed = keyed
    if isDescending {
      keyed.sort { $0.0 != $1.0 ? $0.0 > $1.0 : $0.1 < $1.1 }
    } else {
      keyed.sort { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
    }
    return keyed.map { $0.1 }
  }

  private func matches(_ match: TextMatch, _ row: Row, _ scene: Scene) -> Bool {
    layout.places.contains { match.matches(wholeText(columns[$0.column], row, scene)) }
  }

  /// The text of a cell, not cut off; empty for pictures.
  private func wholeText(_ column: Column<Row>, _ row: Row, _ scene: Scene) -> String {
    column.growth == .toRest ? "" : column.cell(row, scene, Self.plenty).text
  }

  private static var plenty: Int { 1_000 }

  // MARK: Selection

  private mutating func restoreSelection() {
    guard count > 0 else {
      selection = 0
      return
    }
    guard let selectedID else {
      selection = followsTail ? count - 1 : 0
      return
    }
    if selection < count, id(row(selection)) == selectedID { return }
    if let position = (0..<count).first(where: { id(row($0)) == selectedID }) {
      // The selected row stays on its line of the screen.
      top = max(0, top + position - selection)
      selection = position
    } else {
      select(selection)
    }
  }

  /// Selects the row at a position.
  private mutating func select(_ position: Int) {
    selection = max(0, min(position, count - 1))
    selectedID = count > 0 ? id(row(selection)) : nil
    let isAtRest = followsTail ? selection == count - 1 : selection == 0
    if isAtRest { selectedID = nil }
  }

  /// Selects the row with this id. Returns false if there is none.
  @discardableResult
  mutating func select(id wanted: UInt64) -> Bool {
    guard let position = (0..<count).first(where: { id(row($0)) == wanted }) else { return false }
    select(position)
    return true
  }

  mutating func navigate(_ navigation: Navigation) {
    switch navigation {
    case .rows(let rows): select(selection + rows)
    case .pages(let pages): select(selection + pages * max(1, pageHeight - 1))
    case .first: select(0)
    case .last: select(count - 1)
    case .scroll(let rows):
      top = max(0, min(top + rows, count - pageHeight))
      select(selection + rows)
    }
  }

  // MARK: Sorting and filtering

  /// Sorts by a column. If it is the sort column already, the order is inverted.
  mutating func sort(by column: Int, scene: Scene) {
    guard let order = columns[column].order else { return }
    if sortColumn == column {
      arrangement.isDescending.toggle()
    } else {
      arrangement.sortColumn = column
      arrangement.isDescending = order.isDescendingAtFirst
    }
    arrange(scene)
  }

  mutating func invert(scene: Scene) {
    guard sortColumn != nil else { return }
    arrangement.isDescending.toggle()
    arrange(scene)
  }

  /// Sets the named filters, to which ``filter`` can refer.
  mutating func use(_ filters: NamedFilters) {
    self.filters = filters
    setFilter(filter)
  }

  mutating func setFilter(_ text: String, scene: Scene) {
    setFilter(text)
    arrange(scene)
  }

  private mutating func setFilter(_ text: String) {
    filter = text
    do throws(QueryError) {
      let query = try Query(text, over: fields, named: filters)
      self.query = query.isEmpty ? nil : query
      filterError = nil
    } catch {
      // An invalid expression excludes no rows.
      (query, filterError) = (nil, error)
    }
  }

  /// Selects the next row that contains the text. The search starts with the selected row, unless
  /// that is skipped.
  mutating func search(
    _ text: String, forward: Bool, skipsSelection: Bool, scene: Scene
  ) -> Bool {
    guard let match = TextMatch(text), count > 0 else { return false }
    let step = forward ? 1 : count - 1
    var position = selection
    if skipsSelection { position = (position + step) % count }
    for _ in 0..<count {
      if matches(match, row(position), scene) {
        select(position)
        return true
      }
      position = (position + step) % count
    }
    return false
  }

  // MARK: Drawing

  /// Draws the column titles and the rows that fit.
  ///
  /// - Parameters:
  ///   - emptyText: shown if there are no rows.
  ///   - hiddenText: shown if there are rows, but the scene includes none of them.
  ///   - scale: returns a text of a given width that replaces the title of a picture.
  mutating func draw(
    into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool, emptyText: String,
    hiddenText: String? = nil, scale: ((Int) -> String)? = nil
  ) {
    guard !rect.isEmpty else { return }
    let body = rect.width > 8 ? rect.width - 1 : rect.width
    pageHeight = max(1, rect.height - 1)
    scrollToSelection()
    measure(width: body, scene)
    layout = ColumnLayout(
      columns, order: arrangement.order, needs: needs, hidden: arrangement.hidden,
      empty: count == 0 ? [] : empty, width: body)
    var area = rect
    drawTitles(into: &canvas, in: area.takeTop(1), scale: scale)
    if count == 0 {
      let text =
        unfilteredCount > 0
        ? "no row matches the filter" : rows.count == 0 ? emptyText : hiddenText ?? emptyText
      canvas.put(text, x: area.x + 1, y: area.y, style: .faint, limit: area.width - 1)
    }
    for line in 0..<area.height where top + line < count {
      let y = area.y + line
      let row = row(top + line)
      for place in layout.places {
        let column = columns[place.column]
        let piece = column.cell(row, scene, place.width)
        if column.alignment == .right {
          canvas.putRight(
            piece.text, x: area.x + place.x, y: y, width: place.width, style: piece.style)
        } else {
          canvas.put(
            piece.text, x: area.x + place.x, y: y, style: piece.style, limit: place.width)
        }
      }
      if top + line == selection {
        canvas.restyle(
          Rect(x: area.x, y: y, width: rect.width, height: 1),
          isFocused ? .selected : .selectedIdle)
      }
    }
    drawScrollBar(into: &canvas, in: area)
  }

  /// Measures the width that columns without a fixed width need for the rows on the screen.
  private mutating func measure(width: Int, _ scene: Scene) {
    if needsWidth != width {
      needsWidth = width
      for column in columns.indices { needs[column] = columns[column].title.utf8.count + 1 }
      empty = Set(columns.indices)
    }
    let shown = top..<max(top, min(count, top + pageHeight))
    for index in empty.subtracting(arrangement.hidden) where columns[index].priority > 0 {
      let isEmpty = shown.allSatisfy {
        columns[index].cell(row($0), scene, Self.plenty).text.isEmpty
      }
      if !isEmpty { empty.remove(index) }
    }
    for (index, column) in columns.enumerated() where column.hasElasticWidth {
      for position in shown where needs[index] < width {
        needs[index] = max(
          needs[index], wholeText(column, row(position), scene).displayWidth)
      }
    }
  }

  private func drawTitles(
    into canvas: inout Canvas, in rect: Rect, scale: ((Int) -> String)?
  ) {
    canvas.fill(rect, style: .columns)
    for place in layout.places {
      let column = columns[place.column]
      let isSorted = place.column == sortColumn
      let style: Style = isSorted ? .columnSorted : .columns
      var title = column.title
      if column.growth == .toRest, let scale { title = scale(place.width) }
      let mark = isSorted ? isDescending ? "▼" : "▲" : ""
      if title.utf8.count < place.width {
        title += mark
      } else {
        // If the column has no room, the mark is drawn into the gap before the next column.
        canvas.put(mark, x: rect.x + place.x + place.width, y: rect.y, style: .columnSorted)
      }
      let x = rect.x + place.x
      if isSorted {
        canvas.fill(Rect(x: x, y: rect.y, width: place.width, height: 1), style: style)
      }
      if column.alignment == .right {
        canvas.putRight(title, x: x, y: rect.y, width: place.width, style: style)
      } else {
        canvas.put(title, x: x, y: rect.y, style: style, limit: place.width)
      }
    }
  }

  /// Draws a scroll bar at the right edge, if not all rows fit.
  private func drawScrollBar(into canvas: inout Canvas, in area: Rect) {
    guard count > area.height, area.height > 1, area.width > 8 else { return }
    let length = max(1, area.height * area.height / count)
    let start = top * (area.height - length) / max(1, count - area.height)
    for line in 0..<length {
      canvas.put("▌", x: area.right - 1, y: area.y + start + line, style: .faint)
    }
  }

  private mutating func scrollToSelection() {
    if selection < top { top = selection }
    if selection >= top + pageHeight { top = selection - pageHeight + 1 }
    top = max(0, min(top, count - pageHeight))
  }

  // MARK: Mouse

  /// The target of a click.
  enum Hit {
    case nothing
    case row(isAgain: Bool)
    case title(Int)
  }

  mutating func click(x: Int, y: Int) -> Hit {
    if y == 0 { return layout.column(atX: x).map { .title($0) } ?? .nothing }
    let position = top + y - 1
    guard y >= 1, y <= pageHeight, position < count else { return .nothing }
    let isAgain = position == selection
    select(position)
    return .row(isAgain: isAgain)
  }
}
