/// Copies text into a fixed C array, cut to leave room for a terminating zero.
func copyText<Array>(_ text: some Sequence<UInt8>, into array: inout Array) {
  withUnsafeMutableBytes(of: &array) { bytes in
    for (index, byte) in text.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
  }
}

/// Returns the bytes of a fixed C array before its first zero.
func textBytes<Array>(of array: Array) -> [UInt8] {
  withUnsafeBytes(of: array) { bytes in [UInt8](bytes.prefix { $0 != 0 }) }
}

/// Returns a name as text without line breaks: line feeds and carriage returns become `?`.
///
/// Records separate lines of text by line feeds. In Swift, a carriage return and a line feed after
/// it form a single character. Other control characters are kept, because the code that displays
/// the name makes them printable.
func oneLine(_ name: some Sequence<UInt8>) -> String {
  let (lineFeed, returns) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
  return String(
    decoding: name.map { $0 == lineFeed || $0 == returns ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
}
