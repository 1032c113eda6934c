import UringBase
import UringTrace

/// The description of one kind of entity: its fields, and its parts, which have fields of their
/// own.
public struct FieldSet<Entity: Sendable>: Sendable {
  /// The kind of entity, in the plural: `requests`.
  public let name: String
  /// The fields for filters and columns: the entity's own, then those of parts that occur once
  /// (`buffer.length`).
  public let fields: [Field<Entity>]
  let own: [Field<Entity>]
  let parts: [Part<Entity>]

  /// An empty set, for entities whose fields are not described: filters over it consist of words
  /// only.
  public static var none: FieldSet { FieldSet("rows", []) }

  public init(_ name: String, _ fields: [Field<Entity>], parts: [Part<Entity>] = []) {
    self.name = name
    self.own = fields
    self.parts = parts
    self.fields = fields + parts.flatMap(\.fields)
  }

  /// The field with this name, with or without its unit, or with this title; nil if there is none.
  public func field(_ name: String) -> Field<Entity>? {
    fields.first { $0.isNamed(name) } ?? fields.first { $0.isTitled(name) }
  }

  /// The same fields for another type that can contain such an entity. The values are absent if an
  /// object of that type contains none.
  public func map<Other>(
    _ entity: @escaping @Sendable (Other) -> Entity?
  ) -> FieldSet<Other> {
    FieldSet<Other>(name, fields.map { $0.map(.tableOnly) { other, _ in entity(other) } })
  }

  /// An error message: the set has no field of this name. Suggests the names that the user may have
  /// meant.
  func complaint(about name: String) -> String {
    let shown = ScreenTitle.fields(under: name, of: self.name)
    let near =
      shown.isEmpty
      ? NearNames.nearest(to: name.lowercased(), in: fields.flatMap { [$0.key] + $0.aliases })
      : shown
    return "'\(name)' is not a field of \(self.name)" + NearNames.question(near)
  }
}
