import UringBase
import UringTrace

/// An expression that selects entities: terms separated by spaces, all of which must hold.
///
/// A term is a word, which some field must contain, or a comparison such as `age>30ms`. A `!`
/// before a term inverts it. docs/filters.md describes the language.
public struct Query<Entity: Sendable>: Sendable {
  enum Condition: Sendable {
    case word(TextMatch)
    case field(Field<Entity>, Comparison)
    /// The terms of a named filter, all of which must hold.
    case all([Term])
  }

  struct Term: Sendable {
    var isInverted: Bool
    var condition: Condition
  }

  private let fields: FieldSet<Entity>
  let terms: [Term]

  /// - Throws: ``QueryError`` with the position of an invalid term.
  public init(_ text: String, over fields: FieldSet<Entity>) throws(QueryError) {
    try self.init(text, over: fields, named: NamedFilters())
  }

  /// - Parameter filters: the expressions for which `@name` stands.
  package init(
    _ text: String, over fields: FieldSet<Entity>, named filters: NamedFilters
  ) throws(QueryError) {
    self.fields = fields
    var parser = QueryParser(text, over: fields, named: filters)
    terms = try parser.parse()
  }

  /// True if the expression selects everything.
  public var isEmpty: Bool { terms.isEmpty }

  /// True if all terms hold for an entity. A term that is only a word holds if the text of any field
  /// contains the word.
  public func matches(_ entity: Entity, in snapshot: Snapshot) -> Bool {
    matches(entity, in: snapshot) { word in
      fields.fields.contains { $0.type != .flag && word.matches($0.text(entity, snapshot)) }
    }
  }

  /// True if all terms hold for an entity. `containsWord` returns true if the entity contains a
  /// word.
  package func matches(
    _ entity: Entity, in snapshot: Snapshot, containsWord: (TextMatch) -> Bool
  ) -> Bool {
    Self.hold(terms, entity, snapshot, containsWord)
  }

  private static func hold(
    _ terms: [Term], _ entity: Entity, _ snapshot: Snapshot, _ containsWord: (TextMatch) -> Bool
  ) -> Bool {
    terms.allSatisfy { term in
      let holds =
        switch term.condition {
        case .word(let word): containsWord(word)
        case .field(let field, let comparison): comparison.holds(for: field.value(entity, snapshot))
        case .all(let terms): hold(terms, entity, snapshot, containsWord)
        }
      return holds != term.isInverted
    }
  }
}

/// The reason why an expression is invalid.
public struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Position of the term, in characters from 1.
  public var position: Int
  /// States the error and the expected form.
  public var message: String

  public var description: String { "at \(position): \(message)" }
}
