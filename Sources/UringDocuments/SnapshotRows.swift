import UringFields
import UringRecordings
import UringTrace

/// The values of an entity's fields, by key. The entity is in memory, or was read from JSON.
public struct EntityRow: Sendable {
  private let value: @Sendable (String) -> FieldValue

  fileprivate init<Entity: Sendable>(
    _ entity: Entity, _ set: FieldSet<Entity>, _ snapshot: Snapshot
  ) {
    value = { key in set.field(key)?.value(entity, snapshot) ?? .none }
  }

  /// The row of a request, with two raw fields of its SQE whose meaning depends on the opcode:
  /// `sqe.off` and `sqe.len`.
  fileprivate init(_ request: Request, _ snapshot: Snapshot) {
    let fields = EntityRow(request, .requests, snapshot)
    value = { key in
      switch key {
      case "sqe.off":
        request.knows(.off) ? .integer(Int64(bitPattern: request.sqe.off)) : .none
      case "sqe.len": request.knows(.len) ? .integer(request.sqe.len) : .none
      default: fields[key]
      }
    }
  }

  fileprivate init(request: JSONValue, _ set: FieldSet<StoredRow>, _ snapshot: Snapshot) {
    let fields = EntityRow(StoredRow(request), set, snapshot)
    value = { key in
      switch key {
      case "sqe.off": Self.integer(request["off"] ?? request["cmd_op"])
      case "sqe.len": Self.integer(request["len"])
      default: fields[key]
      }
    }
  }

  private static func integer(_ json: JSONValue?) -> FieldValue {
    switch json {
    case .number(let number)?: .number(number)
    case .signed(let number)?: .signed(number)
    default: .none
    }
  }

  public subscript(key: String) -> FieldValue { value(key) }

  /// The text of a field; empty if the field is absent.
  public func text(_ key: String) -> String {
    if case .text(let text) = value(key) { text } else { "" }
  }

  /// The number of a field; nil if the field is absent.
  public func number(_ key: String) -> UInt64? {
    if case .number(let number) = value(key) { number } else { nil }
  }

  public func isSet(_ key: String) -> Bool { value(key) == .flag(true) }
}

/// The rows of a snapshot that is printed as text. The snapshot is in memory, or was read from
/// JSON.
public struct SnapshotRows: Sendable {
  /// The snapshot's own fields.
  public var snapshot: EntityRow
  public var rings: [EntityRow]
  /// Requests in flight, oldest first.
  public var requests: [EntityRow]
  public var groups: [EntityRow]
  public var latency: [EntityRow]

  public init(_ snapshot: Snapshot) {
    self.snapshot = EntityRow(snapshot, Self.header, snapshot)
    rings = snapshot.rings.map { EntityRow($0, .rings, snapshot) }
    requests = snapshot.requests.map { EntityRow($0, snapshot) }
    groups = snapshot.groups.map { EntityRow($0, .groups, snapshot) }
    latency = snapshot.latency.map { EntityRow($0, .latency, snapshot) }
  }

  public init(_ stored: StoredSnapshot) {
    let moment = stored.moment
    func rows<Entity>(_ name: String, _ set: FieldSet<Entity>) -> [EntityRow] {
      let set = set.stored
      return stored.json[name]?.elements.map { EntityRow(StoredRow($0), set, moment) } ?? []
    }
    snapshot = EntityRow(StoredRow(stored.json), Self.header.stored, moment)
    rings = rows("rings", FieldSet<Ring>.rings)
    let set = FieldSet<Request>.requests.stored
    requests = stored.json["requests"]?.elements.map { EntityRow(request: $0, set, moment) } ?? []
    groups = rows("groups", FieldSet<RequestGroup>.groups)
    latency = rows("latency", FieldSet<OpcodeLatency>.latency)
  }

  private static let header = FieldSet<Snapshot>(
    "snapshots", FieldSet<Snapshot>.header.fields + FieldSet<Snapshot>.snapshot.fields)
}
