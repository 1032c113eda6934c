import UringBase

/// Writes JSON text in the order of the calls, without spaces.
///
/// Keys are not escaped: they are literals of this program.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  /// True if a value was written at this level, so that the next one needs a comma.
  private var needsComma = false

  package init() {}

  /// Appends to existing bytes, which are moved into the writer without a copy.
  package init(appendingTo bytes: consuming [UInt8]) {
    self.bytes = bytes
  }

  // MARK: Structure

  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "{"))
    body(&self)
    close(UInt8(ascii: "}"))
  }

  package mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    open(UInt8(ascii: "["))
    for element in elements { body(&self, element) }
    close(UInt8(ascii: "]"))
  }

  package mutating func key(_ key: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a key. It comes from a literal elsewhere in the program, so it is not escaped.
  package mutating func key(named key: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: key.utf8)
    bytes.append(contentsOf: "\":".utf8)
    needsComma = false
  }

  /// Ends a line of a JSON lines document.
  package mutating func newline() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  // MARK: Values

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  package mutating func value(_ value: Bool) {
    separate()
    bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
  }

  package mutating func value(_ value: some FixedWidthInteger) {
    separate()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = UInt64(value.magnitude)
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// Writes a number, or null for an infinity or NaN, which JSON cannot express.
  package mutating func value(_ value: Double) {
    guard value.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  package mutating func value(_ value: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for scalar in value.unicodeScalars { append(scalar) }
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func value(_ value: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    value.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a 64-bit value as a string such as "0x1f", because some JSON readers round numbers of
  /// more than 53 bits.
  package mutating func hex(_ value: UInt64) {
    separate()
    bytes.append(contentsOf: "\"0x".utf8)
    append(hex: value, digits: max(1, 16 - value.leadingZeroBitCount / 4))
    bytes.append(UInt8(ascii: "\""))
  }

  // MARK: Members of objects

  package mutating func field(_ key: StaticString, _ value: some FixedWidthInteger) {
    self.key(key)
    self.value(value)
  }

  /// Writes null for nil.
  package mutating func field(_ key: StaticString, _ value: (some FixedWidthInteger)?) {
    self.key(key)
    if let value { self.value(value) } else { null() }
  }

  package mutating func field(_ key: StaticString, _ value: Bool) {
    self.key(key)
    self.value(value)
  }

  package mutating func field(_ key: StaticString, _ value: Bool?) {
    self.key(key)
    if let value { self.value(value) } else { null() }
  }

  package mutating func field(_ key: StaticString, _ value: Double) {
    self.key(key)
    self.value(value)
  }

  package mutating func field(_ key: StaticString, _ value: String) {
    self.key(key)
    self.value(value)
  }

  /// Writes null for nil.
  package mutating func field(_ key: StaticString, _ value: String?) {
    self.key(key)
    if let value { self.value(value) } else { null() }
  }

  package mutating func field(_ key: StaticString, literal value: StaticString) {
    self.key(key)
    self.value(value)
  }

  package mutating func field(_ key: StaticString, hex value: UInt64) {
    self.key(key)
    hex(value)
  }

  /// Writes bytes as a string with two hexadecimal digits per byte.
  package mutating func field(_ key: StaticString, bytes values: UnsafeRawBufferPointer) {
    self.key(key)
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in values { append(hex: UInt64(byte), digits: 2) }
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func field(_ key: StaticString, _ values: [String]) {
    self.key(key)
    array(values) { $0.value($1) }
  }

  package mutating func field(_ key: StaticString, object body: (inout JSONWriter) -> Void) {
    self.key(key)
    object(body)
  }

  /// Writes an object, or null for nil.
  package mutating func field<Value>(
    _ key: StaticString, _ value: Value?, object body: (inout JSONWriter, Value) -> Void
  ) {
    if let value {
      field(key) { body(&$0, value) }
    } else {
      self.key(key)
      null()
    }
  }

  package mutating func field<Elements: Sequence>(
    _ key: StaticString, array elements: Elements,
    _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    self.key(key)
    array(elements, body)
  }

  // MARK: Text

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Appends a character. Escapes those that JSON requires to be escaped, and those that must not
  /// reach a terminal that shows the document.
  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": bytes.append(contentsOf: "\\\"".utf8)
    case "\\": bytes.append(contentsOf: "\\\\".utf8)
    case "\n": bytes.append(contentsOf: "\\n".utf8)
    case "\r": bytes.append(contentsOf: "\\r".utf8)
    case "\t": bytes.append(contentsOf: "\\t".utf8)
    case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    case _ where scalar.displayWidth != nil: bytes.append(contentsOf: UTF8.encode(scalar)!)
    default: for unit in UTF16.encode(scalar)! { escape(unit) }
    }
  }

  private mutating func escape(_ unit: UInt16) {
    bytes.append(contentsOf: "\\u".utf8)
    append(hex: UInt64(unit), digits: 4)
  }

  private mutating func append(hex value: UInt64, digits: Int) {
    for index in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * index)) & 15
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
