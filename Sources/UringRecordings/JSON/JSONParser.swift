/// Parses a JSON text. The memory it takes is limited by the length of the text.
package struct JSONParser {
  /// The reason why a text cannot be parsed.
  package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Byte offset of the error in the text.
    package var offset: Int
    package var message: String

    package var description: String { "at byte \(offset): \(message)" }
  }

  /// Maximum number of values in a text. They take about 200 MB of memory.
  package static let mostValues = 1 << 22
  private static let mostDepth = 16

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private var values = 0
  private var depth = 0

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Parses a text that consists of a single value.
  package static func value(of bytes: UnsafeRawBufferPointer) throws(Failure) -> JSONValue {
    var parser = JSONParser(bytes)
    let value = try parser.value()
    parser.skipSpace()
    guard parser.offset == bytes.count else { throw parser.failure("more text follows the value") }
    return value
  }

  private func failure(_ message: String) -> Failure {
    Failure(offset: offset, message: message)
  }

  // MARK: Values

  private mutating func value() throws(Failure) -> JSONValue {
    skipSpace()
    values += 1
    guard values <= Self.mostValues else {
      throw failure("more than \(Self.mostValues) values")
    }
    guard let next else { throw failure("the text ends within a value") }
    switch next {
    case UInt8(ascii: "{"):
      return .object(try nested { (parser) throws(Failure) in try parser.members() })
    case UInt8(ascii: "["):
      return .list(try nested { (parser) throws(Failure) in try parser.elements() })
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try literal("true", .flag(true))
    case UInt8(ascii: "f"): return try literal("false", .flag(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw failure("expected a value")
    }
  }

  private mutating func nested<Result>(
    _ body: (inout JSONParser) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard depth < Self.mostDepth else { throw failure("too many levels") }
    depth += 1
    offset += 1
    let result = try body(&self)
    depth -= 1
    return result
  }

  private mutating func members() throws(Failure) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if try ends(with: UInt8(ascii: "}"), isFirst: true) { return [] }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("expected the name of a member") }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw failure("expected ':'") }
      offset += 1
      members.append(.init(name: name, value: try value()))
    } while try !ends(with: UInt8(ascii: "}"))
    guard Set(members.map(\.name)).count == members.count else {
      throw failure("an object has two members with the same name")
    }
    return members
  }

  private mutating func elements() throws(Failure) -> [JSONValue] {
    var elements: [JSONValue] = []
    if try ends(with: UInt8(ascii: "]"), isFirst: true) { return [] }
    repeat { elements.append(try value()) } while try !ends(with: UInt8(ascii: "]"))
    return elements
  }

  /// Skips the closing bracket of a list or object and returns true, or skips the comma before the
  /// next element and returns false.
  private mutating func ends(with end: UInt8, isFirst: Bool = false) throws(Failure) -> Bool {
    skipSpace()
    if next == end {
      offset += 1
      return true
    }
    if isFirst { return false }
    guard next == UInt8(ascii: ",") else {
      throw failure("expected ',' or '\(Character(Unicode.Scalar(end)))'")
    }
    offset += 1
    return false
  }

  private mutating func literal(
    _ text: StaticString, _ value: JSONValue
  ) throws(Failure) -> JSONValue {
    let matches = text.withUTF8Buffer { bytes[offset...].starts(with: $0) }
    guard matches else { throw failure("expected a value") }
    offset += text.utf8CodeUnitCount
    return value
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = offset
    var isInteger = true
    while let byte = next {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"):
        isInteger = false
      default: return try number(start, isInteger: isInteger)
      }
      offset += 1
    }
    return try number(start, isInteger: isInteger)
  }

  private func number(_ start: Int, isInteger: Bool) throws(Failure) -> JSONValue {
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger {
      if let number = UInt64(text) { return .number(number) }
      if let number = Int64(text) { return .signed(number) }
    }
    guard let number = Double(text), number.isFinite else {
      throw Failure(offset: start, message: "not a number")
    }
    return .decimal(number)
  }

  // MARK: Text

  /// Parses a string from its opening quote. Replaces bytes that are not UTF-8.
  private mutating func string() throws(Failure) -> String {
    offset += 1
    let start = offset
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    if next == UInt8(ascii: "\"") {
      offset += 1
      return String(decoding: bytes[start..<offset - 1], as: UTF8.self)
    }
    offset = start
    var units: [UInt16] = []
    var text = ""
    func flush() {
      if units.isEmpty { return }
      text += String(decoding: units, as: UTF16.self)
      units = []
    }
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        flush()
        return text
      case UInt8(ascii: "\\"): units.append(try escape())
      case 0..<0x20: throw failure("a control character in a string")
      default:
        flush()
        let plain = offset
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20
        { offset += 1 }
        text += String(decoding: bytes[plain..<offset], as: UTF8.self)
      }
    }
    throw failure("the text ends within a string")
  }

  /// Parses an escape sequence from its backslash. Returns a UTF-16 code unit.
  private mutating func escape() throws(Failure) -> UInt16 {
    offset += 1
    guard let byte = next else { throw failure("the text ends within a string") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
      let digits = bytes[offset..<min(bytes.count, offset + 4)]
      guard digits.count == 4,
        let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
      else { throw failure("expected four hexadecimal digits") }
      offset += 4
      return unit
    default: throw failure("unknown escape sequence")
    }
  }

  // MARK: Bytes

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }
}
