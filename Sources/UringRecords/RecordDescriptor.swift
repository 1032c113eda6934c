import CRecord

/// The properties of a record kind, from its description in bpf/include/records.
public struct RecordDescriptor: Sendable {
  /// Colour of an event's title in the event log.
  public enum Role: Sendable {
    case text, label, faint, strong, warning, error, good, alarm
  }

  public let kind: RecordKind
  /// The `event` of the record's line in a trace.
  public let name: StaticString
  /// Title in the event log.
  public let title: StaticString
  public let role: Role
  /// Bytes of the shortest valid record, as in the first version of the kind.
  public let minimumSize: Int
  /// Bytes of a record with all fields.
  public let fullSize: Int
  /// Bytes of the kind's struct.
  public let structSize: Int
  /// True if `ctx` must not be 0.
  public let needsRing: Bool
  /// True if `req` must not be 0.
  public let needsRequest: Bool
  /// True if the event log shows the record.
  public let isLogged: Bool
  /// True if the record has a line in a trace; the end record has none.
  public let hasLine: Bool
  /// Fields in the order of the line's members.
  public let fields: [RecordField]

  /// By `name`.
  public static let byName: [String: RecordDescriptor] = Dictionary(
    uniqueKeysWithValues: RecordKind.all.lazy.compactMap(\.descriptor)
      .filter(\.hasLine).map { ("\($0.name)", $0) })

  /// True if the record has a `user_data` of its own.
  public var hasUserData: Bool { fields.contains { $0.isUserData } }
}

/// A C struct of a record, which starts with `struct record` and belongs to one kind.
public protocol RecordBody {
  init()
  var base: record { get set }
  static var kind: RecordKind { get }
}

/// Names for the values or bits of a field.
public struct RecordVocabulary: Sendable {
  /// JSON of a value without a name.
  public enum Unknown: Sendable { case null, number, text }

  private let unknown: Unknown
  private let values: [(number: UInt64, name: String?)]

  init(unknown: Unknown, values: [(UInt64, String?)]) {
    self.unknown = unknown
    self.values = values
  }

  /// JSON of a value without a name, if that is a text.
  public static let unknownText = "unknown"

  /// JSON of a value; nil is null.
  public func text(of value: UInt64) -> String? {
    if let name = values.first(where: { $0.number == value })?.name { return name }
    return switch unknown {
    case .null: nil
    case .number: "\(value)"
    case .text: Self.unknownText
    }
  }

  /// A value with this text in JSON, nil if there is none; several values can have the same text.
  public func value(of text: String?) -> UInt64? {
    guard let text else { return unknown == .null ? 0 : nil }
    if let value = values.first(where: { $0.name == text })?.number { return value }
    return unknown == .number ? UInt64(text) : nil
  }

  /// Names of the bits that are set.
  public func names(of bits: UInt64) -> [String] {
    values.compactMap { bits & $0.number != 0 ? $0.name : nil }
  }

  /// The bits of names; nil if a name is unknown.
  public func value(of names: [String]) -> UInt64? {
    var bits: UInt64 = 0
    for name in names {
      guard let bit = values.first(where: { $0.name == name })?.number else { return nil }
      bits |= bit
    }
    return bits
  }
}
