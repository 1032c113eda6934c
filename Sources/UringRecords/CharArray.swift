/// Fixed arrays of `char` in C structs, which Swift sees as tuples.
public enum CharArray {
  /// Returns the text before the first zero byte; bytes that are not UTF-8 become U+FFFD.
  public static func string<Tuple: BitwiseCopyable>(_ tuple: Tuple) -> String {
    withUnsafeBytes(of: tuple) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Copies text into the array. Text that is too long is cut between two Unicode scalars; at least
  /// one zero byte follows the text.
  public static func set<Tuple: BitwiseCopyable>(_ tuple: inout Tuple, to text: String) {
    withUnsafeMutableBytes(of: &tuple) { copy(text, into: $0) }
  }

  /// Copies text into memory and fills the remaining bytes with zeros. Text that is too long is cut
  /// between two Unicode scalars; at least one zero byte follows the text.
  public static func copy(_ text: String, into bytes: UnsafeMutableRawBufferPointer) {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    var offset = 0
    for scalar in text.unicodeScalars {
      let encoded = UTF8.encode(scalar)!
      guard offset + encoded.count < bytes.count else { break }
      for byte in encoded {
        bytes[offset] = byte
        offset += 1
      }
    }
  }
}
