import UringConfiguration
import UringFields
import UringTrace

/// A view of a snapshot. A new view needs a file with a pane and a line in ``PaneCatalogue``.
protocol Pane: Sendable {
  /// Its title in the tabs.
  var name: String { get }
  /// Text next to the name: counts and the selection.
  func summary(_ scene: Scene) -> String

  /// Takes a new snapshot.
  mutating func update(_ scene: Scene)
  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool)
  mutating func navigate(_ navigation: Navigation, scene: Scene)
  /// True if Enter does something.
  var opensRows: Bool { get }
  /// The action of Enter.
  func open(_ scene: Scene) -> PaneAction
  /// Function bar label of ``cross(_:)``; nil if it does nothing here.
  var crossing: String? { get }
  /// Goes from a request to its group, from a group to its request, from a buffer to its borrowers, from a ring to
  /// its finding.
  func cross(_ scene: Scene) -> PaneAction
  /// The ring of the chosen row; nil if it has none.
  func ring(_ scene: Scene) -> Ring.ID?
  /// The pane with all fields of the chosen row, or of the entity that the pane shows; nil if there is none.
  func fieldsPane(_ scene: Scene) -> (any Pane)?
  /// Selects a request's row; false if the pane has none.
  mutating func select(request: Request.ID) -> Bool
  /// True if the pane already shows what the action asks for.
  func shows(_ action: PaneAction) -> Bool
  /// True if its counts can be reset.
  var resets: Bool { get }
  /// Counts from the scene's time on.
  mutating func reset(_ scene: Scene)
  /// Counts from the start of the capture again.
  mutating func endReset(_ scene: Scene)
  /// Handles a click, relative to the pane's corner.
  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction

  /// Columns that rows can be sorted by; empty if there is nothing to sort, search or filter.
  var sortTitles: [String] { get }
  /// Position in ``sortTitles``.
  var sortPosition: Int? { get }
  mutating func sort(byTitle position: Int, scene: Scene)
  /// Columns that can be shown and hidden.
  var columnChoices: [ColumnChoice] { get }
  mutating func toggleColumn(_ position: Int)
  /// Moves a column to the right, or with a negative step to the left, and returns its new position.
  mutating func moveColumn(_ position: Int, by step: Int) -> Int
  /// The columns and the sort order; nil without a table.
  var arrangement: Arrangement? { get }
  /// The same by names.
  var namedArrangement: NamedArrangement? { get }
  /// Arranges the columns as a configuration says, and returns what is wrong with it.
  mutating func arrange(by settings: Configuration.Table) -> [Mistake]
  /// Takes the filters that ``filter`` can name.
  mutating func use(_ filters: NamedFilters)
  /// Why an expression cannot filter the rows; nil if it can, or if there are none.
  func complaint(about filter: String) -> QueryError?
  /// Fields whose values have totals; empty without fields.
  var totalsTitles: [String] { get }
  /// - Parameter position: in ``totalsTitles``.
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
  /// Chooses the row of this request; 0 for none.
  case showGroup(RequestGroup.ID, member: Request.ID)
  case showBuffer(Buffer.Key)
  case showFinding(FindingKey)
  case showRing(Ring.ID)
  /// Lists the ended requests for which a ``Query`` holds.
  case listEnded(String)
  /// Shows only this ring; nil for all.
  case selectRing(Ring.ID?)
}

extension PaneAction {
  /// Goes to the request's group, if it has one.
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

  /// True if its rows can be sorted, searched and filtered.
  var isList: Bool { !sortTitles.isEmpty }
}
