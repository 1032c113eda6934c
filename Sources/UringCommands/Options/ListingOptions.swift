import ArgumentParser
import UringDocuments
import UringFields
import UringFindings
import UringTrace

/// Options that choose rows and columns of a snapshot.
struct ListingOptions: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "List only rows that match the expression, such as 'op:FSYNC age>30ms !READ': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @Option(
    help: ArgumentHelp("The list to print, to which the other options apply.", valueName: "list"))
  var list = ListArgument()

  @Option(
    help: ArgumentHelp(
      "Print the list as a table of these fields, as age,opcode,file.", valueName: "fields"))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Print one line for each value of this field, with the number of rows that have it and their totals.",
      valueName: "field"))
  var groupBy: String?

  @Flag(help: "Print the list as CSV: all fields, or those of --columns.")
  var csv = false

  /// True if only the list is printed, as a table or as CSV.
  var isTable: Bool { columns != nil || csv || groupBy != nil || !list.isFirst }

  private var choice: SnapshotList.Choice {
    SnapshotList.Choice(
      condition: condition, filters: .configured, columns: columns, grouping: groupBy)
  }

  func validate() throws { try list.check(choice) }

  /// The snapshot with only the requests that `--where` holds for.
  func select(from snapshot: Snapshot) throws -> Snapshot {
    guard let isSelected = try selection(in: snapshot) else { return snapshot }
    var selected = snapshot
    selected.requests = snapshot.requests.filter(isSelected)
    selected.recent = snapshot.recent.filter(isSelected)
    return selected
  }

  /// A function that returns true for requests for which `--where` holds; nil without `--where`.
  func selection(in snapshot: Snapshot) throws -> (@Sendable (Request) -> Bool)? {
    guard condition != nil else { return nil }
    let query = try Query(option: condition, over: FieldSet<Request>.requests)
    return { query.matches($0, in: snapshot) }
  }

  func print(_ snapshot: Snapshot, findings: [Finding]) throws {
    try print(list.selection(choice, of: snapshot, findings: findings))
  }

  func print(_ snapshot: StoredSnapshot) throws {
    try print(list.selection(choice, of: snapshot))
  }

  private func print(_ selection: SnapshotList.Selection) throws {
    if csv { return try StandardOutput.write(Array(selection.rows.csv.utf8)) }
    var text = PlainText()
    let noun = list.list.noun
    if selection.matching == 0 {
      text.line(
        selection.all == 0
          ? "no \(noun)\(list.list.emptyNote)"
          : "none of \(selection.all) \(noun) matches the expression")
    } else {
      text.table(selection.rows.lines, rightAligned: selection.rows.numericColumns)
    }
    try StandardOutput.write(text)
  }
}

/// The name of a list on the command line.
struct ListArgument: ExpressibleByArgument {
  var list = SnapshotList.all[0]

  init() {}

  private init(_ list: SnapshotList) { self.list = list }

  /// The list of rings.
  static var rings: ListArgument {
    ListArgument(SnapshotList.all.first { $0.name == "rings" } ?? SnapshotList.all[0])
  }

  init?(argument: String) {
    guard let list = SnapshotList.all.first(where: { $0.name == argument }) else { return nil }
    self.list = list
  }

  var isFirst: Bool { list.name == SnapshotList.all[0].name }

  /// - Throws: an error that names the option with the flaw.
  func check(_ choice: SnapshotList.Choice) throws {
    try namingOption { () throws(SnapshotList.Choice.Flaw) in try list.check(choice) }
  }

  /// - Throws: an error that names the option with the flaw.
  func selection(
    _ choice: SnapshotList.Choice, of snapshot: Snapshot, findings: [Finding]
  ) throws -> SnapshotList.Selection {
    try namingOption { () throws(SnapshotList.Choice.Flaw) in
      try list.selection(choice, of: snapshot, findings: findings)
    }
  }

  /// - Throws: an error that names the option with the flaw.
  func selection(
    _ choice: SnapshotList.Choice, of snapshot: StoredSnapshot
  ) throws -> SnapshotList.Selection {
    try namingOption { () throws(SnapshotList.Choice.Flaw) in
      try snapshot.selection(choice, of: list)
    }
  }

  private func namingOption<Result>(
    _ body: () throws(SnapshotList.Choice.Flaw) -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch .condition(let error) {
      throw ValidationError("--where, \(error)")
    } catch .columns(let error) {
      throw ValidationError("--columns, \(error)")
    } catch .grouping(let error) {
      throw ValidationError("--group-by, \(error)")
    }
  }

  var defaultValueDescription: String { list.name }

  static var allValueStrings: [String] { SnapshotList.all.map(\.name) }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
