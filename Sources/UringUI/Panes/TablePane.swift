import UringConfiguration
import UringFields

/// A pane with one table, which can be sorted, filtered and searched.
protocol TablePane: Pane {
  associatedtype Row: Sendable
  var table: Table<Row> { get set }
}

extension TablePane {
  private var sortColumns: [Int] { table.columns.indices.filter { table.columns[$0].order != nil } }

  var sortTitles: [String] { sortColumns.map { table.columns[$0].title } }

  var sortPosition: Int? { table.sortColumn.flatMap { sortColumns.firstIndex(of: $0) } }

  mutating func sort(byTitle position: Int, scene: Scene) {
    table.sort(by: sortColumns[position], scene: scene)
  }

  var columnChoices: [ColumnChoice] { table.columnChoices }

  mutating func toggleColumn(_ position: Int) { table.toggleColumn(position) }

  mutating func moveColumn(_ position: Int, by step: Int) -> Int {
    table.moveColumn(position, by: step)
  }

  var arrangement: Arrangement? { table.arrangement }

  var namedArrangement: NamedArrangement? { table.namedArrangement }

  mutating func arrange(by settings: Configuration.Table) -> [Mistake] {
    table.arrange(by: settings)
  }

  mutating func use(_ filters: NamedFilters) { table.use(filters) }

  func complaint(about filter: String) -> QueryError? {
    do throws(QueryError) {
      _ = try Query(filter, over: table.fields)
      return nil
    } catch {
      return error
    }
  }

  var totalsTitles: [String] { table.totalsTitles }

  func totals(by position: Int, _ scene: Scene) -> Totals? { table.totals(by: position, scene) }

  mutating func invert(scene: Scene) { table.invert(scene: scene) }

  var filter: String { table.filter }

  var filterError: QueryError? { table.filterError }

  mutating func setFilter(_ text: String, scene: Scene) { table.setFilter(text, scene: scene) }

  mutating func search(
    _ text: String, forward: Bool, skipsSelection: Bool, scene: Scene
  ) -> Bool {
    table.search(text, forward: forward, skipsSelection: skipsSelection, scene: scene)
  }
}
