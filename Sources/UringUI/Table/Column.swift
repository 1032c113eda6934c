import UringFields

/// Styled text of a cell.
struct Piece: Sendable, Hashable {
  var text: String
  var style: Style

  init(_ text: String, _ style: Style = .normal) {
    self.text = text
    self.style = style
  }

  /// Number of columns to the left of the value of a fact.
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
    /// The column takes as much room as its text needs.
    case toContent
    /// The column is a picture, such as a bar: it takes the room that no other column needs.
    case toRest
  }

  /// The key by which rows are sorted, ascending.
  enum Order: Sendable {
    case number(@Sendable (Row, Scene) -> UInt64)
    case text(@Sendable (Row, Scene) -> String)
  }

  var title: String
  var width: Int
  /// Minimum width, to which the column shrinks before other columns are dropped.
  var minimumWidth: Int
  var alignment: Alignment
  /// On a narrow terminal, the column with the highest number is dropped first; 0 is never dropped.
  var priority: Int
  var growth: Growth
  /// Sort order; nil if rows cannot be sorted by the column.
  var order: Order?
  /// True if the text is never cut off: the column does not become narrower than its text, and
  /// other columns give way.
  private(set) var keepsText = false
  /// Key of the field that the column shows, if the column's title is not the field's title;
  /// otherwise nil.
  private(set) var fieldKey: String?
  /// The meaning of the column, one sentence; nil if the column shows one field, whose meaning is
  /// used.
  private(set) var meaning: String?
  /// Returns the text of a row for a given width.
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
  /// The same column, marked as one that shows the field with this key. For a field whose title
  /// differs from the column's title.
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
  /// The same column with its own meaning, for a column that does not show just one field.
  func meaning(_ sentence: String?) -> Column {
    var column = self
    column.meaning = sentence
    return column
  }

  /// The same column with text that is never cut off, up to the column's width. A number of which
  /// digits are missing would mislead.
  var whole: Column {
    var column = self
    column.keepsText = true
    return column
  }

  /// True if the column's width depends on its content.
  var hasElasticWidth: Bool {
    growth == .toContent || (growth == .none && minimumWidth < width)
  }
}

extension Column.Order {
  /// Maps a signed number to an unsigned one with the same order.
  static func signed(_ value: @escaping @Sendable (Row, Scene) -> Int64) -> Self {
    .number { UInt64(bitPattern: value($0, $1) ^ Int64.min) }
  }

  /// True if the first sort by the column is descending: for numbers, but not for text.
  var isDescendingAtFirst: Bool {
    if case .number = self { true } else { false }
  }
}
