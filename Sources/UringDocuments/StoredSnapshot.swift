import UringFields
import UringRecordings
import UringTrace

/// A snapshot that was read from its JSON document.
///
/// Its entities are JSON objects. Expressions, tables and CSV read values from them through the
/// descriptions of the fields (`FieldSet`).
public struct StoredSnapshot: Sendable {
  /// Why a file cannot be read as the document of a snapshot.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// The oldest schema that is read. Schema 2 has other names for two members, and no count of
  /// records lost in damaged blocks.
  public static let oldestSchema: UInt32 = 2

  package var json: JSONValue
  /// Version of the document's layout.
  public let schema: UInt32

  private static let layout = FieldSet<SnapshotDocument>.document.schema

  public init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    do throws(JSONParser.Failure) {
      json = try JSONParser.value(of: bytes)
    } catch {
      throw Failure(description: "neither a recording nor the JSON of a snapshot: \(error)")
    }
    guard json["tool"]?.text == "uringtop", let schema = json["schema"]?.number,
      json["requests"] != nil
    else { throw Failure(description: "neither a recording nor the JSON of a snapshot") }
    guard schema <= SnapshotDocument.schema else {
      throw Failure(
        description:
          "written by a newer uringtop (schema \(schema); this one reads up to schema \(SnapshotDocument.schema))"
      )
    }
    guard schema >= Self.oldestSchema else {
      throw Failure(
        description:
          "schema \(schema), of an early version: only schema \(Self.oldestSchema) and later are read"
      )
    }
    self.schema = UInt32(schema)
    if schema == 2 { json = json.withNamesOfSchema3 }
    if let flaw = Self.layout.flaw(of: json) {
      throw Failure(description: "not the JSON of a snapshot: \(flaw)")
    }
  }

  /// The moment and the host of the snapshot, without any entities.
  package var moment: Snapshot {
    Snapshot(
      host: HostDescription(
        kernel: json["kernel"]?.text ?? "", tier: json["tier"]?.text ?? "",
        startTime: json["start_ns"]?.number ?? 0,
        startRealtime: json["start_realtime_ns"]?.number ?? 0,
        sampling: UInt32(clamping: json["sampling"]?.number ?? 1)),
      time: json["time_ns"]?.number ?? 0)
  }

  /// The chosen rows of a list.
  ///
  /// - Throws: if a part of the choice is invalid.
  public func selection(
    _ choice: SnapshotList.Choice, of list: SnapshotList
  ) throws(SnapshotList.Choice.Flaw) -> SnapshotList.Selection {
    try list.selection(choice, of: json, in: moment)
  }

  /// Keeps only the requests, in flight or ended, for which an expression holds.
  package mutating func keepRequests(
    matching condition: String, filters: NamedFilters = NamedFilters()
  ) throws(QueryError) {
    let query = try Query(condition, over: FieldSet<Request>.requests.stored, named: filters)
    let moment = moment
    json.replace(["requests", "recent"]) { $0.filter { query.matches(StoredRow($0), in: moment) } }
  }

  /// The document as JSON in the current schema: one line, with a line end.
  public func encoded() -> [UInt8] {
    var writer = JSONWriter()
    var json = json
    json.set("schema", .number(UInt64(SnapshotDocument.schema)))
    Self.layout.write(json, to: &writer)
    writer.newline()
    return writer.bytes
  }
}

extension JSONValue {
  fileprivate mutating func set(_ name: String, _ value: JSONValue) {
    guard case .object(var members) = self else { return }
    for index in members.indices where members[index].name == name { members[index].value = value }
    self = .object(members)
  }

  /// Replaces the elements of the lists with these names.
  fileprivate mutating func replace(_ names: [String], _ change: ([JSONValue]) -> [JSONValue]) {
    for name in names { set(name, .list(change(self[name]?.elements ?? []))) }
  }

  /// This document of schema 2, converted: with the names and the members that are new in schema 3.
  fileprivate var withNamesOfSchema3: JSONValue {
    let names = ["poll_ns": "poll_armed_ns", "worker_ns": "io_wq_ns"]
    var document = self
    document.replace(["latency"]) { latencies in
      latencies.map { latency in
        guard case .object(let stages)? = latency["stages"] else { return latency }
        var latency = latency
        latency.set(
          "stages", .object(stages.map { .init(name: names[$0.name] ?? $0.name, value: $0.value) }))
        return latency
      }
    }
    // Only recordings in blocks can be damaged, and they are newer than schema 2.
    if case .object(let causes)? = document["lost_by_cause"] {
      document.set("lost_by_cause", .object(causes + [.init(name: "damaged", value: .number(0))]))
    }
    return document
  }
}
