import CRecord

/// The properties of a record kind, from its description in bpf/include/records.
public struct RecordDescriptor: Sendable {
  /// Colour of the title in the event log.
  public enum Role: Sendable {
    case text, label, faint, strong, warning, error, good, alarm
  }

  public let kind: RecordKind
  /// Value of the member `event` in a trace's line for the record.
  public let name: StaticString
  /// Title in the event log.
  public let title: StaticString
  public let role: Role
  /// Size in bytes of the shortest valid record: that of the first version of the kind.
  public let minimumSize: Int
  /// Size in bytes of a record with all fields, including those that only some records have.
  public let fullSize: Int
  /// Size in bytes of the kind's struct.
  public let structSize: Int
  /// True if `ctx` must not be 0.
  public let needsRing: Bool
  /// True if `req` must not be 0.
  public let needsRequest: Bool
  /// True if the event log shows the record.
  public let isLogged: Bool
  /// True if the record has a line in a trace; the end record has none.
  public let hasLine: Bool
  /// Fields, in the order of the members in a trace's line.
  public let fields: [RecordField]

  /// The descriptors of the kinds that have a line in a trace, by ``name``.
  public static let byName: [String: RecordDescriptor] = Dictionary(
    uniqueKeysWithValues: RecordKind.all.lazy.compactMap(\.descriptor)
      .filter(\.hasLine).map { ("\($0.name)", $0) })

  /// True if records of the kind contain a `user_data`.
  public var hasUserData: Bool { fields.contains { $0.isUserData } }
}

/// The C struct of a record kind. It starts with `struct record base`.
public protocol RecordBody {
  init()
  var base: record { get set }
  static var kind: RecordKind { get }
}

/// The names of a field's values or bits in JSON.
public struct RecordVocabulary: Sendable {
  /// The JSON value that represents a number without a name.
  public enum Unknown: Sendable { case null, number, text }

  private let unknown: Unknown
  private let values: [(number: UInt64, name: String?)]

  init(unknown: Unknown, values: [(UInt64, String?)]) {
    self.unknown = unknown
    self.values = values
  }

  /// The JSON string for a number without a name, with `Unknown.text`.
  public static let unknownText = "unknown"

  /// Returns the JSON string for a value; nil for null.
  public func text(of value: UInt64) -> String? {
    if let name = values.first(where: { $0.number == value })?.name { return name }
    return switch unknown {
    case .null: nil
    case .number: "\(value)"
    case .text: Self.unknownText
    }
  }

  /// Returns a value that has this string (nil: null) in JSON; nil if no value has it. If several
  /// values have it, returns the first.
  public func value(of text: String?) -> UInt64? {
    guard let text else { return unknown == .null ? 0 : nil }
    if let value = values.first(where: { $0.name == text })?.number { return value }
    return unknown == .number ? UInt64(text) : nil
  }

  /// Returns the names of the bits that are set.
  public func names(of bits: UInt64) -> [String] {
    values.compactMap { bits & $0.number != 0 ? $0.name : nil }
  }

  /// Returns the bits with these names; nil if a name is unknown.
  public func value(of names: [String]) -> UInt64? {
    var bits: UInt64 = 0
    for name in names {
      guard let bit = values.first(where: { $0.name == name })?.number else { return nil }
      bits |= bit
    }
    return bits
  }
}
