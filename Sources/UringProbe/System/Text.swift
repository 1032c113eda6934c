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

/// Names come from strangers and end up in a terminal: control characters, invalid UTF-8 and marks
/// that change the direction of writing become `?`.
func harmless(_ name: some Sequence<UInt8>) -> String {
  var text = String.UnicodeScalarView()
  for scalar in String(decoding: Array(name), as: UTF8.self).unicodeScalars {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xFFFD:
      text.append("?")
    default: text.append(scalar)
    }
  }
  return String(text)
}
