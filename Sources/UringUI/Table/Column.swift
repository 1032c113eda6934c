/// Text with a style: what a cell shows.
struct Piece: Sendable, Hashable {
  var text: String
  var style: Style

  init(_ text: String, _ style: Style = .normal) {
    self.text = text
    self.style = style
  }

  /// A line of a detail pane: a name and what is said of it.
  static func fact(_ name: String, _ pieces: [Piece]) -> [Piece] {
    [Piece(" " + name.fitted(to: 11), .label)] + pieces
  }
}

/// One column of a table: how wide, how important, what it shows and how it sorts.
struct Column<Row>: Sendable {
  enum Alignment: Sendable { case left, right }

  /// The use of spare room.
  enum Growth: Sendable {
    case none
    /// Takes as much as its text needs.
    case toContent
    /// A picture: takes what nobody else needs.
    case toRest
  }

  /// How rows compare by the column, ascending.
  enum Order: Sendable {
    case number(@Sendable (Row, Scene) -> UInt64)
    case text(@Sendable (Row, Scene) -> String)
  }

  var title: String
  var width: Int
  /// Columns it can shrink to before others are dropped.
  var minimumWidth: Int
  var alignment: Alignment
  /// On a narrow terminal the column with the highest number goes first; 0 stays.
  var priority: Int
  var growth: Growth
  /// nil: rows cannot be sorted by it.
  var order: Order?
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

  /// A column whose cells depend on the width there is.
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

extension Column {
  /// How wide it is depends on what it shows.
  var hasElasticWidth: Bool {
    growth == .toContent || (growth == .none && minimumWidth < width)
  }
}

extension Column.Order {
  /// A signed number as one that sorts alike.
  static func signed(_ value: @escaping @Sendable (Row, Scene) -> Int64) -> Self {
    .number { UInt64(bitPattern: value($0, $1) ^ Int64.min) }
  }

  /// Numbers are first shown largest first, text from A.
  var isDescendingAtFirst: Bool {
    if case .number = self { true } else { false }
  }
}
