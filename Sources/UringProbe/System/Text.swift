/// Copies text into a fixed array of C, with a zero behind it.
func copyText<Array>(_ text: some Sequence<UInt8>, into array: inout Array) {
  withUnsafeMutableBytes(of: &array) { bytes in
    for (index, byte) in text.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
  }
}

/// A fixed array of C as bytes, up to its zero.
func textBytes<Array>(of array: Array) -> [UInt8] {
  withUnsafeBytes(of: array) { bytes in [UInt8](bytes.prefix { $0 != 0 }) }
}

/// A name as text on one line: records separate lines of text by line feeds, and a return before one would be one
/// character with it. All else stays as it is; whoever shows it makes it fit to be shown.
func oneLine(_ name: some Sequence<UInt8>) -> String {
  let (lineFeed, returns) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
  return String(
    decoding: name.map { $0 == lineFeed || $0 == returns ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
}
