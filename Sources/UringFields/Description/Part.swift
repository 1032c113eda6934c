import UringRecordings
import UringTrace

/// A member of an entity's JSON object that is not a single value, but an object or a list.
public struct Part<Entity: Sendable>: Sendable {
  /// The schema members of the part: usually one, but several if they are placed among the entity's
  /// own members.
  let members: [Schema.Member]
  /// The fields that filters and columns can use.
  let fields: [Field<Entity>]
  /// Writes the members.
  let write: @Sendable (Entity, Snapshot, inout JSONWriter) -> Void

  public static func object<Value>(
    _ name: String, _ set: FieldSet<Value>, _ presence: Presence = .nullable, meaning: String,
    value: @escaping @Sendable (Entity, Snapshot) -> Value?
  ) -> Part {
    member(
      name, set.schema, presence, meaning: meaning,
      fields: set.fields.map { $0.map(key: "\(name).\($0.key)", .tableOnly, value) }, value: value
    ) { value, snapshot, json in json.object { set.write(value, snapshot, to: &$0) } }
  }

  public static func list<Value, Values: Collection<Value> & SendableMetatype>(
    _ name: String, _ set: FieldSet<Value>, _ presence: Presence = .always, meaning: String,
    values: @escaping @Sendable (Entity, Snapshot) -> Values?
  ) -> Part {
    member(name, .list(set.schema), presence, meaning: meaning, value: values) {
      values, snapshot, json in
      json.array(values) { json, value in json.object { set.write(value, snapshot, to: &$0) } }
    }
  }

  /// A part with one member. If there is no value, `presence` determines whether it is null or
  /// omitted.
  private static func member<Value>(
    _ name: String, _ schema: Schema, _ presence: Presence, meaning: String,
    fields: [Field<Entity>] = [], value: @escaping @Sendable (Entity, Snapshot) -> Value?,
    write: @escaping @Sendable (Value, Snapshot, inout JSONWriter) -> Void
  ) -> Part {
    Part(members: [Schema.Member(name, schema, presence, meaning: meaning)], fields: fields) {
      entity, snapshot, json in
      let value = value(entity, snapshot)
      if value == nil, presence == .ifKnown { return }
      json.key(named: name)
      if let value { write(value, snapshot, &json) } else { json.null() }
    }
  }

  /// A part whose members are written by `write`.
  package static func other(
    _ members: [Schema.Member],
    write: @escaping @Sendable (Entity, Snapshot, inout JSONWriter) -> Void
  ) -> Part {
    Part(members: members, fields: [], write: write)
  }

  /// A part whose fields are members of the entity's own JSON object.
  public static func inline<Value>(
    _ set: FieldSet<Value>, value: @escaping @Sendable (Entity, Snapshot) -> Value
  ) -> Part {
    Part(
      members: set.members, fields: set.fields.map { $0.map(.tableOnly, value) }
    ) { entity, snapshot, json in set.write(value(entity, snapshot), snapshot, to: &json) }
  }
}

extension FieldSet {
  /// Writes the members of the entity's JSON object.
  package func write(_ entity: Entity, _ snapshot: Snapshot, to json: inout JSONWriter) {
    for field in own where field.presence != .tableOnly {
      let value = field.value(entity, snapshot)
      if field.presence == .ifKnown, value == .none { continue }
      json.key(named: field.unitKey)
      field.type.write(value, to: &json)
    }
    for part in parts { part.write(entity, snapshot, &json) }
  }
}

extension FieldType {
  fileprivate func write(_ value: FieldValue, to json: inout JSONWriter) {
    switch value {
    case .none: json.null()
    case .number(let number): if self == .address { json.hex(number) } else { json.value(number) }
    case .signed(let number): json.value(number)
    case .decimal(let number): json.value(number)
    case .text(let text): json.value(text)
    case .words(let words): json.array(words) { $0.value($1) }
    case .numbers(let numbers): json.array(numbers) { $0.value($1) }
    case .flag(let isSet): json.value(isSet)
    }
  }
}
