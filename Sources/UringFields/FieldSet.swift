import UringBase
import UringTrace

/// The fields of one kind of entity.
public struct FieldSet<Entity: Sendable>: Sendable {
  /// The kind of entity, in the plural: `requests`.
  public let name: String
  public let fields: [Field<Entity>]

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

  /// That a name is no field's, with those that the user may have meant.
  func complaint(about name: String) -> String {
    let near = NearNames.nearest(
      to: name.lowercased(), in: fields.flatMap { [$0.key] + $0.aliases })
    return "\(self.name) have no field '\(name)'"
      + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?")
  }
}
