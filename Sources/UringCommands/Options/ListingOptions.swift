import ArgumentParser
import UringFields
import UringTrace

/// Options that choose rows and columns of a snapshot.
struct ListingOptions: ParsableArguments {
  enum List: String, ExpressibleByArgument, CaseIterable {
    case requests, recent, rings
  }

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "List only what the expression holds for, as 'op:FSYNC age>30ms !READ': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @Option(
    help: ArgumentHelp(
      "The list that --where, --columns and --csv are about: requests (in flight), recent (ended) or rings.",
      valueName: "list"))
  var list = List.requests

  @Option(
    help: ArgumentHelp(
      "Print the list as a table of these fields, as age,opcode,file.", valueName: "fields"))
  var columns: String?

  @Flag(help: "Print the list as CSV: all fields, or those of --columns.")
  var csv = false

  /// True if only the list is printed.
  var isTable: Bool { columns != nil || csv || (list != .requests && condition != nil) }

  func validate() throws {
    if list != .requests, !isTable {
      throw ValidationError("--list needs --where, --columns or --csv")
    }
    switch list {
    case .requests, .recent: _ = try (query(.requests), table(.requests))
    case .rings: _ = try (query(.rings), table(.rings))
    }
  }

  private func query<Entity>(_ set: FieldSet<Entity>) throws -> Query<Entity> {
    try Query(option: condition, over: set)
  }

  private func table<Entity>(_ set: FieldSet<Entity>) throws -> FieldTable<Entity> {
    do {
      return try FieldTable(set, columns: columns)
    } catch {
      throw ValidationError("--columns, \(error)")
    }
  }

  /// The snapshot with only the requests that match `--where`.
  func select(from snapshot: Snapshot) throws -> Snapshot {
    guard let isSelected = try selection(in: snapshot) else { return snapshot }
    var selected = snapshot
    selected.requests = snapshot.requests.filter(isSelected)
    selected.recent = snapshot.recent.filter(isSelected)
    return selected
  }

  /// The condition of `--where`; nil without one.
  func selection(in snapshot: Snapshot) throws -> (@Sendable (Request) -> Bool)? {
    guard condition != nil else { return nil }
    let query = try query(.requests)
    return { query.matches($0, in: snapshot) }
  }

  func print(_ snapshot: Snapshot) throws {
    switch list {
    case .requests: try print(snapshot.requests, .requests, snapshot)
    case .recent: try print(snapshot.recent, .requests, snapshot)
    case .rings: try print(snapshot.rings, .rings, snapshot)
    }
  }

  private func print<Entity>(
    _ all: [Entity], _ set: FieldSet<Entity>, _ snapshot: Snapshot
  ) throws {
    let (query, table) = try (query(set), table(set))
    let chosen = all.filter { query.matches($0, in: snapshot) }
    if csv { return try StandardOutput.write(Array(table.csv(chosen, in: snapshot).utf8)) }
    var text = PlainText()
    if chosen.isEmpty {
      let kind =
        list == .rings ? "rings" : list == .recent ? "ended requests" : "requests in flight"
      text.line(
        all.isEmpty ? "no \(kind)" : "none of \(all.count) \(kind) matches the expression")
    } else {
      text.table(table.rows(chosen, in: snapshot), rightAligned: table.numericColumns)
    }
    try StandardOutput.write(text)
  }
}
