import UringFields

/// Styled text of a cell.
struct Piece: Sendable, Hashable {
  var text: String
  var style: Style

  init(_ text: String, _ style: Style = .normal) {
    self.text = text
    self.style = style
  }

  /// Columns before the value of a fact.
  static let factIndent = 12

  /// A line of a detail pane: a name and its value.
  static func fact(_ name: String, _ pieces: [Piece]) -> [Piece] {
    [Piece(" " + name.fitted(to: factIndent - 1), .label)] + pieces
  }
}

/// A column of a table: width, priority, content and sort order.
struct Column<Row>: Sendable {
  enum Alignment: Sendable { case left, right }

  /// How the column uses spare room.
  enum Growth: Sendable {
    case none
    /// Takes as much as its text needs.
    case toContent
    /// A picture: takes the room that no other column needs.
    case toRest
  }

  /// Order of rows by the column, ascending.
  enum Order: Sendable {
    case number(@Sendable (Row, Scene) -> UInt64)
    case text(@Sendable (Row, Scene) -> String)
  }

  var title: String
  var width: Int
  /// Minimum width: the column shrinks to it before other columns are dropped.
  var minimumWidth: Int
  var alignment: Alignment
  /// On a narrow terminal, the column with the highest number is dropped first; 0 is never dropped.
  var priority: Int
  var growth: Growth
  /// Sort order; nil if rows cannot be sorted by the column.
  var order: Order?
  /// True if its text is whole at any width: the column does not shrink below it, and others give way.
  private(set) var keepsText = false
  /// Key of the field that the column shows under a title of its own; nil if the field has the column's title.
  private(set) var fieldKey: String?
  /// A sentence of the column's own; nil if the column shows one field.
  private(set) var meaning: String?
  /// The text of a row at a given width.
  var cell: @Sendable (Row, Scene, Int) -> Piece

  init(
    _ title: String, width: Int, minimum: Int? = nil, _ alignment: Alignment = .left,
    priority: Int, growth: Growth = .none, order: Order? = nil,
    cell: @escaping @Sendable (Row, Scene) -> Piece
  ) {
    self.init(
      title, width: width, minimum: minimum, alignment, priority: priority, growth: growth,
      order: order, picture: { row, scene, _ in cell(row, scene) })
  }

  /// A column whose cells depend on the available width.
  init(
    _ title: String, width: Int, minimum: Int? = nil, _ alignment: Alignment = .left,
    priority: Int, growth: Growth = .none, order: Order? = nil,
    picture: @escaping @Sendable (Row, Scene, Int) -> Piece
  ) {
    self.title = title
    self.width = width
    self.minimumWidth = min(minimum ?? width, width)
    self.alignment = alignment
    self.priority = priority
    self.growth = growth
    self.order = order
    self.cell = picture
  }
}

extension Column where Row: Sendable {
  /// The same column, for a field with another title.
  func showing(_ fieldKey: String) -> Column {
    var column = self
    column.fieldKey = fieldKey
    return column
  }

  func shows(_ field: Field<Row>) -> Bool {
    fieldKey.map { $0 == field.key } ?? (title == field.title)
  }
}

extension Column {
  /// The same column with a sentence of its own, for one that does not show just one field.
  func meaning(_ sentence: String?) -> Column {
    var column = self
    column.meaning = sentence
    return column
  }

  /// The same column with text that is never cut, up to the column's width: digits of a number that lacks others mislead.
  var whole: Column {
    var column = self
    column.keepsText = true
    return column
  }

  /// True if its width depends on its content.
  var hasElasticWidth: Bool {
    growth == .toContent || (growth == .none && minimumWidth < width)
  }
}

extension Column.Order {
  /// Maps a signed number to an unsigned one with the same order.
  static func signed(_ value: @escaping @Sendable (Row, Scene) -> Int64) -> Self {
    .number { UInt64(bitPattern: value($0, $1) ^ Int64.min) }
  }

  /// True if the first sort is descending: for numbers, but not for text.
  var isDescendingAtFirst: Bool {
    if case .number = self { true } else { false }
  }
}
