/// The pattern of a search or filter: alternatives separated by `|`, case-insensitive.
package struct TextMatch: Hashable, Sendable {
  private var needles: [[UInt8]]

  /// Nil if there is nothing to search for.
  package init?(_ text: String) {
    needles = text.split(separator: "|").map { $0.utf8.map(Self.lower) }.filter { !$0.isEmpty }
    if needles.isEmpty { return nil }
  }

  package func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      needles.contains { needle in
        guard bytes.count >= needle.count else { return false }
        for start in 0...(bytes.count - needle.count) {
          var length = 0
          while length < needle.count, Self.lower(bytes[start + length]) == needle[length] {
            length += 1
          }
          if length == needle.count { return true }
        }
        return false
      }
    }
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
