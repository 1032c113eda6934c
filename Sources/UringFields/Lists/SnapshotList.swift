import UringFindings
import UringRecordings
import UringTrace

/// A list of a snapshot, such as its requests or rings. Users choose its rows and columns.
public struct SnapshotList: Sendable {
  /// The rows and columns of a list that the user chose.
  public struct Choice: Sendable {
    /// An expression that the rows match; nil for all rows.
    public var condition: String?
    /// The expressions to which the condition can refer with `@name`.
    package var filters: NamedFilters
    /// Names of fields, separated by commas; nil for all.
    public var columns: String?
    /// The field by which rows are grouped, with totals for each of its values; nil for the rows
    /// themselves.
    public var grouping: String?

    package init(
      condition: String?, filters: NamedFilters = NamedFilters(), columns: String?,
      grouping: String?
    ) {
      self.condition = condition
      self.filters = filters
      self.columns = columns
      self.grouping = grouping
    }

    /// The option that is invalid for this list.
    public enum Flaw: Error {
      case condition(QueryError)
      case columns(QueryError)
      case grouping(QueryError)
    }
  }

  /// Name on the command line and in JSON: `disk_requests`.
  public let name: String
  /// Plural noun for its rows: `requests in flight`.
  public let noun: String
  /// Text that is shown with an empty list, about the circumstances in which its rows are recorded.
  /// Empty if they are always recorded.
  public let emptyNote: String
  private let prepare: @Sendable (Choice) throws(Choice.Flaw) -> Selector
  /// The path of the list in the JSON of a snapshot.
  private let path: String
  private let prepareStored:
    @Sendable (Choice) throws(Choice.Flaw) -> @Sendable ([StoredRow], Snapshot) -> Selection

  private typealias Selector = @Sendable (Snapshot, [Finding]) -> Selection

  /// The chosen rows.
  public struct Selection: Sendable {
    public var rows: TextRows
    /// Number of all rows of the list, and of those that match the condition.
    public var all: Int
    public var matching: Int
  }

  /// - Parameter path: nil for the same path as the name.
  private init<Entity>(
    _ name: String, _ noun: String, _ set: FieldSet<Entity>, path: String? = nil,
    emptyNote: String = "", _ entities: @escaping @Sendable (Snapshot, [Finding]) -> [Entity]
  ) {
    self.name = name
    self.noun = noun
    self.path = path ?? name
    self.emptyNote = emptyNote
    prepare = { (choice) throws(Choice.Flaw) in
      let select = try Self.selector(choice, set)
      return { snapshot, findings in select(entities(snapshot, findings), snapshot) }
    }
    let stored = set.stored
    prepareStored = { (choice) throws(Choice.Flaw) in try Self.selector(choice, stored) }
  }

  private static func selector<Entity>(
    _ choice: Choice, _ set: FieldSet<Entity>
  ) throws(Choice.Flaw) -> @Sendable ([Entity], Snapshot) -> Selection {
    let query: Query<Entity>
    let table: FieldTable<Entity>
    var grouping: Field<Entity>?
    do throws(QueryError) {
      query = try Query(choice.condition ?? "", over: set, named: choice.filters)
    } catch {
      throw .condition(error)
    }
    do throws(QueryError) { table = try FieldTable(set, columns: choice.columns) } catch {
      throw .columns(error)
    }
    if let name = choice.grouping {
      guard let field = set.field(name) else {
        throw .grouping(QueryError(position: 1, message: set.complaint(about: name)))
      }
      grouping = field
    }
    return { [grouping] all, snapshot in
      let matching = all.filter { query.matches($0, in: snapshot) }
      return Selection(
        rows: grouping.map { table.totals(by: $0, matching, in: snapshot).rows }
          ?? table.rows(matching, in: snapshot),
        all: all.count, matching: matching.count)
    }
  }

  /// - Throws: if an option of the choice is invalid for this list.
  public func check(_ choice: Choice) throws(Choice.Flaw) { _ = try prepare(choice) }

  /// - Throws: if an option of the choice is invalid for this list.
  public func selection(
    _ choice: Choice, of snapshot: Snapshot, findings: [Finding]
  ) throws(Choice.Flaw) -> Selection {
    try prepare(choice)(snapshot, findings)
  }

  /// The chosen rows of a snapshot that was read from JSON.
  ///
  /// - Throws: if an option of the choice is invalid for this list.
  package func selection(
    _ choice: Choice, of document: JSONValue, in snapshot: Snapshot
  ) throws(Choice.Flaw) -> Selection {
    let rows = document[path: path]?.elements.map { StoredRow($0) } ?? []
    return try prepareStored(choice)(rows, snapshot)
  }

  /// All lists, the requests in flight first.
  public static let all: [SnapshotList] = [
    SnapshotList("requests", "requests in flight", .requests) { snapshot, _ in
      Array(snapshot.requests)
    },
    SnapshotList("recent", "ended requests", .requests) { snapshot, _ in Array(snapshot.recent) },
    SnapshotList("rings", "rings", .rings) { snapshot, _ in snapshot.rings },
    SnapshotList("groups", "groups", .groups) { snapshot, _ in snapshot.groups },
    SnapshotList("buffers", "buffers", .buffers) { snapshot, _ in snapshot.buffers },
    SnapshotList("chains", "chains", .chains) { snapshot, _ in snapshot.chains },
    SnapshotList("latency", "latencies", .latency) { snapshot, _ in snapshot.latency },
    SnapshotList("findings", "findings", .findings) { _, findings in findings },
    SnapshotList("disk_requests", "disk requests", .diskRequests) { snapshot, _ in
      snapshot.diskRequests
    },
    SnapshotList("threads", "threads", .threads, path: "waits.threads") { snapshot, _ in
      snapshot.waits.threads
    },
    SnapshotList("worker_pools", "worker pools", .workerPools) { snapshot, _ in
      snapshot.workerPools
    },
    SnapshotList(
      "system_calls", "system calls", .systemCalls,
      emptyNote: "; they are watched with --syscalls on, and with --pid"
    ) { snapshot, _ in snapshot.systemCalls },
  ]
}
