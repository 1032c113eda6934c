/// Compares texts as bytes, ignoring the case of ASCII letters.
package enum Caseless {
  /// The bytes of a text, in lower case.
  package static func bytes(_ text: some StringProtocol) -> [UInt8] { text.utf8.map(lower) }

  /// The first position at which `bytes` contains `needle`, which must be in lower case; nil if
  /// there is none.
  @inlinable
  package static func find<Bytes: RandomAccessCollection<UInt8>>(
    _ needle: [UInt8], in bytes: Bytes
  ) -> Int? where Bytes.Index == Int {
    guard bytes.count >= needle.count else { return nil }
    return (bytes.startIndex...(bytes.endIndex - needle.count)).first { start in
      needle.indices.allSatisfy { lower(bytes[start + $0]) == needle[$0] }
    }
  }

  @inlinable
  package static func lower(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
