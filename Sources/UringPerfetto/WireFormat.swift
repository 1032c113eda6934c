/// Appends fields in the wire format of Protocol Buffers.
///
/// Written for this project, because a trace needs only five kinds of fields. swift-protobuf
/// would add 29,000 lines and FoundationEssentials to a binary without Foundation.
struct WireFormat {
  var bytes: [UInt8]

  init(appendingTo bytes: consuming [UInt8]) { self.bytes = bytes }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func tag(_ field: UInt32, _ type: WireType) {
    varint(UInt64(field) << 3 | type.rawValue)
  }

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
  }

  mutating func field(_ field: UInt32, _ value: UInt64) {
    tag(field, .varint)
    varint(value)
  }

  /// A field of type int64 or int32.
  mutating func field(_ field: UInt32, signed value: Int64) {
    self.field(field, UInt64(bitPattern: value))
  }

  mutating func field(_ field: UInt32, fixed value: UInt64) {
    tag(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func field(_ field: UInt32, _ text: String) {
    var text = text
    tag(field, .bytes)
    text.withUTF8 { utf8 in
      varint(UInt64(utf8.count))
      bytes.append(contentsOf: utf8)
    }
  }

  /// Appends a field that is a message. `body` appends the fields of the message.
  mutating func field(_ field: UInt32, _ body: (inout WireFormat) -> Void) {
    tag(field, .bytes)
    let start = bytes.count
    bytes.append(0)
    body(&self)
    var length = bytes.count - start - 1
    guard length >= 0x80 else {
      bytes[start] = UInt8(length)
      return
    }
    var prefix: [UInt8] = []
    while length >= 0x80 {
      prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    prefix.append(UInt8(truncatingIfNeeded: length))
    bytes.replaceSubrange(start...start, with: prefix)
  }
}

extension UnsafeRawBufferPointer {
  /// The length of the longest prefix, at most `limit`, that consists of whole length-delimited
  /// fields, such as the packets of a trace.
  func endOfWholeFields(limit: Int) -> Int {
    var end = 0
    while true {
      var next = end + 1
      var (length, shift) = (0, 0)
      while next < limit, self[next] >= 0x80, shift < 56 {
        length |= Int(self[next] & 0x7f) << shift
        shift += 7
        next += 1
      }
      guard next < limit else { return end }
      length |= Int(self[next]) << shift
      guard length <= limit - next - 1 else { return end }
      end = next + 1 + length
    }
  }
}
