import CRecord
import UringTrace

/// The members of a JSON line of a trace, or of an object in the line.
struct LineMembers {
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let container: KeyedDecodingContainer<Key>

  init(_ container: KeyedDecodingContainer<Key>) { self.container = container }

  /// The key of a member: its current name, or its name in schema 1 if the line has only that.
  private func key(_ name: String) -> Key {
    let key = Key(stringValue: name)
    guard let former = Self.formerNames[name], !container.contains(key) else { return key }
    let formerKey = Key(stringValue: former)
    return container.contains(formerKey) ? formerKey : key
  }

  /// Current names of renamed members, with their names in schema 1.
  static let formerNames = [
    "time_ns": "t", "request": "req", "result": "res", "pid": "tgid", "waiter_pid": "waiter_tgid",
    "server_pid": "server_tgid", "registered_files": "nr_files", "registered_buffers": "nr_bufs",
    "memlock_bytes": "locked", "nofile": "files", "io_uring_disabled": "disabled",
    "io_uring_group": "group",
  ]

  func failure(_ key: String) -> DecodingError {
    .dataCorruptedError(
      forKey: self.key(key), in: container, debugDescription: "not a known value")
  }

  /// True if the line has a member of this name that is not null.
  func has(_ key: String) throws -> Bool {
    let key = self.key(key)
    return container.contains(key) ? try !container.decodeNil(forKey: key) : false
  }

  /// True if the line has a member of this name, even if it is null.
  func names(_ key: String) -> Bool { container.contains(self.key(key)) }

  func integer<T: FixedWidthInteger & Decodable>(_ key: String) throws -> T {
    try container.decode(T.self, forKey: self.key(key))
  }

  /// The number in a member; nil if the line has no such member, or if it is null.
  func number<T: FixedWidthInteger & Decodable>(_ key: String) throws -> T? {
    try container.decodeIfPresent(T.self, forKey: self.key(key))
  }

  func string(_ key: String) throws -> String {
    try container.decode(String.self, forKey: self.key(key))
  }

  func strings(_ key: String) throws -> [String] {
    try container.decode([String].self, forKey: self.key(key))
  }

  func numbers(_ key: String) throws -> [UInt32] {
    try container.decode([UInt32].self, forKey: self.key(key))
  }

  func bool(_ key: String) throws -> Bool {
    try container.decode(Bool.self, forKey: self.key(key))
  }

  func hex(_ key: String, default missing: UInt64? = nil) throws -> UInt64 {
    guard let text = try container.decodeIfPresent(String.self, forKey: self.key(key))
    else {
      guard let missing else { throw failure(key) }
      return missing
    }
    return try word(text, of: key)
  }

  func words(_ key: String) throws -> [UInt64] {
    try strings(key).map { try word($0, of: key) }
  }

  /// The bytes in a member; nil if the line has no such member, or if it is null.
  func bytes(_ key: String) throws -> [UInt8]? {
    guard let text = try container.decodeIfPresent(String.self, forKey: self.key(key))
    else { return nil }
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else {
      throw failure(key)
    }
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  private func word(_ text: String, of key: String) throws -> UInt64 {
    guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
      throw failure(key)
    }
    return value
  }

  func object(_ key: String) throws -> LineMembers {
    LineMembers(try container.nestedContainer(keyedBy: Key.self, forKey: self.key(key)))
  }

  /// The line's `opcode`; `RECORD_OPCODE_NONE` for null.
  func opcode() throws -> UInt8 {
    guard
      let name = try container.decodeIfPresent(String.self, forKey: Key(stringValue: "opcode"))
    else { return UInt8(RECORD_OPCODE_NONE) }
    guard let opcode = Opcode(name: name)?.rawValue else { throw failure("opcode") }
    return opcode
  }
}
