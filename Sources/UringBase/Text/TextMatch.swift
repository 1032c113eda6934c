/// The pattern of a search or filter: alternatives separated by `|`, case-insensitive.
package struct TextMatch: Hashable, Sendable {
  private var needles: [[UInt8]]

  /// Parses a pattern; nil if it contains nothing to search for.
  package init?(_ text: String) {
    needles = text.split(separator: "|").map { Caseless.bytes($0) }.filter { !$0.isEmpty }
    if needles.isEmpty { return nil }
  }

  package func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in needles.contains { Caseless.find($0, in: bytes) != nil } }
  }
}
