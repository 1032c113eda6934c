/// The shape of a JSON value, as in JSON Schema.
public indirect enum Schema: Sendable {
  case integer
  case decimal
  case hex
  case text
  case flag
  case choice([String])
  case texts
  case integers
  case list(Schema)
  case nullable(Schema)
  /// - Parameter name: the plural of the entity; objects with the same name share a definition.
  case object(name: String, [Member])
  /// An object whose members are integers of any name.
  case figures

  public struct Member: Sendable {
    public var name: String
    public var schema: Schema
    /// False if the member can be missing.
    public var isRequired: Bool
    public var meaning: String

    public init(
      _ name: String, _ schema: Schema, _ presence: Presence = .always, meaning: String
    ) {
      self.name = name
      self.schema = presence == .nullable ? .nullable(schema) : schema
      self.isRequired = presence != .ifKnown
      self.meaning = meaning
    }
  }
}

extension FieldSet {
  /// The JSON object of an entity.
  public var schema: Schema { .object(name: name, members) }

  var members: [Schema.Member] {
    own.filter { $0.presence != .tableOnly }.map { field in
      Schema.Member(field.unitKey, field.schema, field.presence, meaning: field.meaning)
    } + parts.flatMap(\.members)
  }
}

extension Field {
  /// Maximum number of choices that the schema lists. It excludes opcodes, because there are too
  /// many, and new ones will be added.
  private static var choiceLimit: Int { 40 }

  fileprivate var schema: Schema {
    switch type {
    case .number, .result, .bytes, .duration, .time, .pollEvents: .integer
    case .decimal, .rate: .decimal
    case .address: .hex
    case .text: choices.isEmpty || choices.count > Self.choiceLimit ? .text : .choice(choices)
    case .words: .texts
    case .numbers: .integers
    case .flag: .flag
    }
  }
}
