import UringTrace

/// A fact about an entity, described once: filters, columns, CSV and documentation derive from it.
public struct Field<Entity: Sendable>: Sendable {
  /// Its name in filters, in `--columns` and in JSON, without the unit: `age`.
  public let key: String
  /// Other names that filters accept.
  public let aliases: [String]
  /// The title of its column.
  public let title: String
  public let type: FieldType
  /// One sentence: what the value says.
  public let meaning: String
  /// The texts that it can have; empty if it can have any.
  public let choices: [String]
  /// The value of an entity in a snapshot.
  public let value: @Sendable (Entity, Snapshot) -> FieldValue

  public init(
    _ key: String, title: String, _ type: FieldType, aliases: [String] = [],
    choices: [String] = [], meaning: String,
    value: @escaping @Sendable (Entity, Snapshot) -> FieldValue
  ) {
    self.key = key
    self.aliases = aliases
    self.title = title
    self.type = type
    self.choices = choices
    self.meaning = meaning
    self.value = value
  }

  /// Its name in JSON and CSV, with the unit: `age_ns`.
  public var unitKey: String {
    switch type {
    case .duration, .time: key + "_ns"
    default: key
    }
  }

  /// Whether a user's name means this field.
  func isNamed(_ name: String) -> Bool {
    let name = name.lowercased()
    return name == key || name == unitKey || aliases.contains(name)
  }

  /// The value as people read it: `12.3ms`, `4K`, `0x7f00`; empty if absent.
  public func text(_ entity: Entity, _ snapshot: Snapshot) -> String {
    type.text(value(entity, snapshot))
  }
}

/// The kind and the unit of a field's values.
public enum FieldType: String, Sendable {
  case number
  /// A result: a number, or a negative errno with a name.
  case result
  case bytes
  /// Nanoseconds.
  case duration
  /// Nanoseconds, CLOCK_MONOTONIC.
  case time
  /// A number written in hexadecimal.
  case address
  case text
  /// Names of flags.
  case words
  /// Yes or no.
  case flag
}

public enum FieldValue: Sendable, Hashable {
  case none
  case number(UInt64)
  case signed(Int64)
  case text(String)
  case words([String])
  case flag(Bool)
}

extension FieldValue {
  /// Absent if the number is nil.
  static func optional(_ number: (some BinaryInteger)?) -> FieldValue {
    guard let number else { return .none }
    return number < 0 ? .signed(Int64(clamping: number)) : .number(UInt64(clamping: number))
  }

  /// Absent if the number is 0, which stands for "unknown" or "none".
  static func unlessZero(_ number: some BinaryInteger) -> FieldValue {
    number == 0 ? .none : .optional(number)
  }

  /// Absent if there is no text.
  static func unlessEmpty(_ text: String?) -> FieldValue {
    guard let text, !text.isEmpty else { return .none }
    return .text(text)
  }
}
