/// Copies text into a fixed C array, with a terminating zero.
func copyText<Array>(_ text: some Sequence<UInt8>, into array: inout Array) {
  withUnsafeMutableBytes(of: &array) { bytes in
    for (index, byte) in text.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
  }
}

/// Bytes of a fixed C array, up to its zero.
func textBytes<Array>(of array: Array) -> [UInt8] {
  withUnsafeBytes(of: array) { bytes in [UInt8](bytes.prefix { $0 != 0 }) }
}

/// A name as text on one line. Records separate lines of text by line feeds, and a carriage return before one would
/// form a single character with it. All else is kept: the code that displays the name makes it printable.
func oneLine(_ name: some Sequence<UInt8>) -> String {
  let (lineFeed, returns) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
  return String(
    decoding: name.map { $0 == lineFeed || $0 == returns ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
}
