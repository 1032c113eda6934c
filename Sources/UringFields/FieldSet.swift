import UringBase
import UringTrace

/// The fields of one kind of entity.
public struct FieldSet<Entity: Sendable>: Sendable {
  /// The kind of entity, in the plural: `requests`.
  public let name: String
  public let fields: [Field<Entity>]

  /// For entities whose fields are not described: their filters consist of words.
  public static var none: FieldSet { FieldSet("rows", []) }

  public init(_ name: String, _ fields: [Field<Entity>]) {
    self.name = name
    self.fields = fields
  }

  /// The field of this name, with or without its unit; nil if there is none.
  public func field(_ name: String) -> Field<Entity>? { fields.first { $0.isNamed(name) } }

  /// The fields of what holds such an entity; absent where it holds none.
  public func map<Other>(
    _ entity: @escaping @Sendable (Other) -> Entity?
  ) -> FieldSet<Other> {
    FieldSet<Other>(
      name,
      fields.map { field in
        Field<Other>(
          field.key, title: field.title, field.type, aliases: field.aliases,
          choices: field.choices, meaning: field.meaning
        ) { other, snapshot in entity(other).map { field.value($0, snapshot) } ?? .none }
      })
  }

  /// The message that no field has this name, with the names that the user may have meant.
  func complaint(about name: String) -> String {
    "\(self.name) have no field '\(name)'"
      + NearNames.hint(for: name.lowercased(), in: fields.flatMap { [$0.key] + $0.aliases })
  }
}
