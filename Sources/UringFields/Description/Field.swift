import UringBase
import UringTrace

/// A fact about an entity (such as a request or a ring), described once. Filters, columns, CSV,
/// JSON, schema and documentation derive from this description.
public struct Field<Entity: Sendable>: Sendable {
  public typealias IsBound = @Sendable (Entity) -> Bool
  public typealias Unit = @Sendable (Entity) -> OpcodeProperties.Length

  /// Name of the field in filters, in `--columns` and in JSON, without the unit: `age`.
  public let key: String
  /// Other names that filters accept.
  public let aliases: [String]
  /// Title of the field's column.
  public private(set) var title: String
  public let type: FieldType
  public let presence: Presence
  /// One sentence: the meaning of the value.
  public let meaning: String
  /// The kind of total that the field's values over several entities have; nil if they have none.
  public let total: FieldTotal?
  /// The possible texts; empty if any text is possible.
  public let choices: [String]
  /// The unit of an entity's value, for fields whose unit depends on the entity: only values of the
  /// same unit add up. Nil for fields with one unit.
  public let unit: Unit?
  /// Returns true for an entity whose value is only a lower bound of its age, because its start was
  /// not seen. Texts for people then begin with `>`. Nil if no value is a bound.
  public let isBound: IsBound?
  /// The value of an entity in a snapshot.
  public private(set) var value: @Sendable (Entity, Snapshot) -> FieldValue

  /// - Parameters:
  ///   - title: nil for the key in capital letters.
  ///   - total: nil for the total of the type.
  public init(
    _ key: String, title: String? = nil, _ type: FieldType, _ presence: Presence = .always,
    aliases: [String] = [], choices: [String] = [], total: FieldTotal? = nil, unit: Unit? = nil,
    isBound: IsBound? = nil, meaning: String,
    value: @escaping @Sendable (Entity, Snapshot) -> FieldValue
  ) {
    self.key = key
    self.aliases = aliases
    self.title = title ?? key.uppercased()
    self.type = type
    self.presence = presence
    self.choices = choices
    let total = total ?? type.total
    self.total = total == FieldTotal.none ? nil : total
    self.unit = unit
    self.isBound = isBound
    self.meaning = meaning
    self.value = value
  }

  /// This field, with the value of another field for entities in which this one has none.
  public func or(_ other: Field) -> Field {
    var field = self
    field.value = { [value] entity, snapshot in
      let own = value(entity, snapshot)
      return own == .none ? other.value(entity, snapshot) : own
    }
    return field
  }

  /// The same field with another title.
  public func titled(_ title: String) -> Field {
    var field = self
    field.title = title
    return field
  }

  /// Name of the field in JSON and CSV, with the unit: `age_ns`.
  public var unitKey: String {
    switch type {
    case .duration, .time: key + "_ns"
    default: key
    }
  }

  /// True if a name that the user typed refers to this field.
  func isNamed(_ name: String) -> Bool {
    let name = name.lowercased()
    return name == key || name == unitKey || aliases.contains(name)
  }

  /// True if a name that the user typed is the title of the field's column. Options and expressions
  /// contain `_` instead of a space.
  func isTitled(_ name: String) -> Bool {
    name.lowercased().replacing(" ", with: "_") == title.lowercased().replacing(" ", with: "_")
  }

  /// The value for display: `12.3ms`, `4K`, `0x7f00`; empty if absent.
  public func text(_ entity: Entity, _ snapshot: Snapshot) -> String {
    type.text(value(entity, snapshot)).ofBound(isBound(entity))
  }

  /// True if the entity's value is only a lower bound.
  package func isBound(_ entity: Entity) -> Bool { isBound.map { $0(entity) } ?? false }

  /// The same field for another type that contains the entity.
  func map<Other>(
    key: String? = nil, _ presence: Presence,
    _ entity: @escaping @Sendable (Other, Snapshot) -> Entity?
  ) -> Field<Other> {
    Field<Other>(
      key ?? self.key, title: key.map { $0.uppercased() } ?? title, type, presence,
      aliases: key == nil ? aliases : [], choices: choices, total: total ?? FieldTotal.none,
      meaning: meaning
    ) { [value] other, snapshot in entity(other, snapshot).map { value($0, snapshot) } ?? .none }
  }
}
