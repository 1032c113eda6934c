import UringConfiguration
import UringFields
import UringTrace

/// A view of a snapshot. A new view needs a file with a pane and a line in ``PaneCatalogue``.
protocol Pane: Sendable {
  /// The pane's title in the tabs.
  var name: String { get }
  /// Text next to the name: counts and the selection.
  func summary(_ scene: Scene) -> String

  /// Takes a new snapshot.
  mutating func update(_ scene: Scene)
  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool)
  mutating func navigate(_ navigation: Navigation, scene: Scene)
  /// True if Enter does something.
  var opensRows: Bool { get }
  /// The action of Enter on the chosen row.
  func open(_ scene: Scene) -> PaneAction
  /// Label of ``cross(_:)`` in the function bar; nil if the command does nothing in this pane.
  var crossing: String? { get }
  /// The action that opens the counterpart of the chosen row: the group of a request, a request of
  /// a group, the borrowers of a buffer, the finding about a ring.
  func cross(_ scene: Scene) -> PaneAction
  /// True if there are findings about the chosen row, to which ``open(_:)`` leads.
  func leadsToFindings(_ scene: Scene) -> Bool
  /// The ring of the chosen row; nil if the row has none.
  func ring(_ scene: Scene) -> Ring.ID?
  /// The pane with all fields of the chosen row, or of the entity that the pane shows; nil if there is none.
  func fieldsPane(_ scene: Scene) -> (any Pane)?
  /// Selects the row of a request. Returns false if the pane has no such row.
  mutating func select(request: Request.ID) -> Bool
  /// True if the pane already shows the entity that the action opens.
  func shows(_ action: PaneAction) -> Bool
  /// True if the pane's counts can be reset.
  var resets: Bool { get }
  /// Resets the counts: they start from the scene's time.
  mutating func reset(_ scene: Scene)
  /// Ends a reset: counts start from the start of the capture again.
  mutating func endReset(_ scene: Scene)
  /// Handles a click. The coordinates are relative to the pane's upper left corner.
  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction

  /// Titles of the columns by which rows can be sorted; empty if rows cannot be sorted, searched or
  /// filtered.
  var sortTitles: [String] { get }
  /// Position of the sort column in ``sortTitles``; nil for the rows' own order.
  var sortPosition: Int? { get }
  mutating func sort(byTitle position: Int, scene: Scene)
  /// Columns that can be shown and hidden.
  var columnChoices: [ColumnChoice] { get }
  mutating func toggleColumn(_ position: Int)
  /// Moves a column to the right, or with a negative step to the left, and returns its new position.
  mutating func moveColumn(_ position: Int, by step: Int) -> Int
  /// The columns and the sort order, by positions; nil without a table.
  var arrangement: Arrangement? { get }
  /// The columns and the sort order, by names; nil without a table.
  var namedArrangement: NamedArrangement? { get }
  /// Arranges the columns by a configuration, and returns the mistakes in it.
  mutating func arrange(by settings: Configuration.Table) -> [Mistake]
  /// Sets the named filters, to which ``filter`` can refer.
  mutating func use(_ filters: NamedFilters)
  /// Why an expression cannot filter the rows; nil if it can, or if the pane has no rows.
  func complaint(about filter: String) -> QueryError?
  /// Titles of the fields by whose values rows can be summed; empty without fields.
  var totalsTitles: [String] { get }
  /// The totals of the rows for each value of a field.
  ///
  /// - Parameter position: position of the field in ``totalsTitles``.
  func totals(by position: Int, _ scene: Scene) -> Totals?
  mutating func invert(scene: Scene)
  var filter: String { get }
  /// Why the filter is invalid; nil if it is valid.
  var filterError: QueryError? { get }
  mutating func setFilter(_ text: String, scene: Scene)
  mutating func search(_ text: String, forward: Bool, skipsSelection: Bool, scene: Scene) -> Bool
}

/// An action that a pane requests from the interface.
enum PaneAction: Hashable, Sendable {
  case none
  case showRequest(Request.ID)
  /// Opens a group, and chooses the row of `member`; 0 for none.
  case showGroup(RequestGroup.ID, member: Request.ID)
  case showBuffer(Buffer.Key)
  case showFinding(FindingKey)
  case showRing(Ring.ID)
  /// Lists the ended requests for which a ``Query`` holds.
  case listEnded(String)
  /// Shows the requests in flight for which a filter holds.
  case listInFlight(String)
  /// Tells the user why there is nothing to open.
  case explain(String)
  /// Limits the lower panes to this ring; nil for all rings.
  case selectRing(Ring.ID?)
}

extension PaneAction {
  /// The action that opens the request's group, if it has one.
  static func group(of request: Request) -> PaneAction {
    request.group == 0 ? .none : .showGroup(request.group, member: request.id)
  }
}

extension Pane {
  func summary(_ scene: Scene) -> String { "" }
  var opensRows: Bool { false }
  func open(_ scene: Scene) -> PaneAction { .none }
  var crossing: String? { nil }
  func cross(_ scene: Scene) -> PaneAction { .none }
  func leadsToFindings(_ scene: Scene) -> Bool { false }
  func ring(_ scene: Scene) -> Ring.ID? { nil }
  func fieldsPane(_ scene: Scene) -> (any Pane)? { nil }
  mutating func select(request: Request.ID) -> Bool { false }
  func shows(_ action: PaneAction) -> Bool { false }
  var resets: Bool { false }
  mutating func reset(_ scene: Scene) {}
  mutating func endReset(_ scene: Scene) {}
  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction { .none }
  var sortTitles: [String] { [] }
  var sortPosition: Int? { nil }
  mutating func sort(byTitle position: Int, scene: Scene) {}
  var columnChoices: [ColumnChoice] { [] }
  mutating func toggleColumn(_ position: Int) {}
  mutating func moveColumn(_ position: Int, by step: Int) -> Int { position }
  var arrangement: Arrangement? { nil }
  var namedArrangement: NamedArrangement? { nil }
  mutating func arrange(by settings: Configuration.Table) -> [Mistake] { [] }
  mutating func use(_ filters: NamedFilters) {}
  func complaint(about filter: String) -> QueryError? { nil }
  var totalsTitles: [String] { [] }
  func totals(by position: Int, _ scene: Scene) -> Totals? { nil }
  mutating func invert(scene: Scene) {}
  var filter: String { "" }
  var filterError: QueryError? { nil }
  mutating func setFilter(_ text: String, scene: Scene) {}
  mutating func search(
    _ text: String, forward: Bool, skipsSelection: Bool, scene: Scene
  ) -> Bool { false }

  /// True if the pane's rows can be sorted, searched and filtered.
  var isList: Bool { !sortTitles.isEmpty }
}
