import UringBase

/// A pattern for texts, in which `*` matches any characters; not case-sensitive.
struct TextPattern: Sendable {
  private let parts: [[UInt8]]
  private let isAnchored: Bool

  /// - Parameter isWhole: true if a pattern without `*` must match the whole text, not a part of
  ///   it.
  init(_ pattern: some StringProtocol, isWhole: Bool) {
    parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map {
      Caseless.bytes($0)
    }
    isAnchored = isWhole || parts.count > 1
  }

  func matches(_ text: String) -> Bool {
    let bytes = Caseless.bytes(text)
    guard isAnchored else { return Caseless.find(parts[0], in: bytes) != nil }
    guard parts.count > 1 else { return bytes == parts[0] }
    let (first, last) = (parts[0], parts[parts.count - 1])
    guard bytes.count >= first.count + last.count, bytes.starts(with: first),
      bytes.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = bytes[first.count..<(bytes.count - last.count)]
    for part in parts.dropFirst().dropLast() {
      guard let start = Caseless.find(part, in: rest) else { return false }
      rest = rest[(start + part.count)...]
    }
    return true
  }
}
