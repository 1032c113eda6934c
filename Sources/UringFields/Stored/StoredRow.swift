import UringRecordings
import UringTrace

/// An entity of a snapshot that was read from JSON: its fields have the values of its JSON object.
package struct StoredRow: Sendable {
  package var json: JSONValue

  package init(_ json: JSONValue) { self.json = json }
}

extension FieldSet {
  /// The same fields, with the values that the entity's JSON object has.
  package var stored: FieldSet<StoredRow> {
    FieldSet<StoredRow>(name, fields.map { $0.stored(in: name) })
  }
}

extension Field {
  fileprivate func stored(in set: String) -> Field<StoredRow> {
    let (path, type) = (unitKey, type)
    let derived = StoredRow.derived["\(set).\(key)"]
    return Field<StoredRow>(
      key, title: title, type, .tableOnly, aliases: aliases, choices: choices,
      total: total ?? FieldTotal.none, unit: unit == nil ? nil : StoredRow.unit,
      isBound: isBound == nil ? nil : StoredRow.isBound, meaning: meaning
    ) { row, snapshot in
      derived.map { $0(row.json, snapshot.time) } ?? type.value(row.json[path: path])
    }
  }
}

extension FieldType {
  /// Converts a JSON value to the value of a field of this type.
  fileprivate func value(_ json: JSONValue?) -> FieldValue {
    switch json {
    case nil, .null?, .object?: .none
    case .flag(let isSet)?: .flag(isSet)
    case .number(let number)?: self == .rate ? .decimal(Double(number)) : .number(number)
    case .signed(let number)?: .signed(number)
    case .decimal(let number)?: .decimal(number)
    case .text(let text)?:
      self == .address ? UInt64(hex: text).map { .number($0) } ?? .none : .text(text)
    case .list(let values)?:
      self == .numbers
        ? .numbers(values.compactMap(\.number)) : .words(values.compactMap(\.text))
    }
  }
}

extension StoredRow {
  fileprivate typealias Derivation = @Sendable (JSONValue, UInt64) -> FieldValue

  /// Values of fields that JSON objects lack because they follow from other members. The keys are
  /// the set's name and the field's key.
  fileprivate static let derived: [String: Derivation] = [
    "requests.offset": { request, _ in
      guard opcode(request)?.properties.off?.name == "offset",
        case .number(let offset)? = request["off"]
      else { return .none }
      return .number(offset)
    },
    "requests.length": { request, _ in
      switch opcode(request)?.length {
      case .bytes?, .vectors?: .integer(request["len"]?.number)
      default: .none
      }
    },
    "groups.age": { group, now in
      let end = groupEnd(group)
      if end == nil, isFinal(group) { return .none }
      let birth = group["provided_ns"]?.number ?? group["start_ns"]?.number ?? 0
      return .number((end ?? now).since(birth))
    },
    "rings.p50": { ring, _ in percentile(ring, "p50_ns") },
    "rings.p99": { ring, _ in percentile(ring, "p99_ns") },
    "chains.requests": { chain, _ in
      .numbers(chain["members"]?.elements.compactMap { $0["request"]?.number } ?? [])
    },
  ]

  /// Time at which a group ended; nil if it has not, or if the time is not known.
  package static func groupEnd(_ group: JSONValue) -> UInt64? {
    group[path: "ack.time_ns"]?.number ?? (isFinal(group) ? group["members_done_ns"]?.number : nil)
  }

  private static func isFinal(_ group: JSONValue) -> Bool {
    RequestGroup.State.allCases.contains {
      $0.isFinal && "\(JSONNames.state($0))" == group["state"]?.text
    }
  }

  private static func percentile(_ ring: JSONValue, _ name: String) -> FieldValue {
    let latency = ring["latency"]
    return latency?["count"]?.number == 0 ? .none : .integer(latency?[name]?.number)
  }

  /// The unit of a request's length, which depends on the opcode (bytes or vectors).
  fileprivate static let unit: Field<StoredRow>.Unit = { opcode($0.json)?.length ?? .none }

  /// True if a request's age and start are only bounds, because its start was not seen.
  fileprivate static let isBound: Field<StoredRow>.IsBound = {
    $0.json["start_known"] == .flag(false)
  }

  private static func opcode(_ request: JSONValue) -> Opcode? {
    request["opcode"]?.text.flatMap { Opcode(name: $0) }
  }
}
