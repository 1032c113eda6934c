/// The four kinds of TOML strings.
enum TOMLString {
  /// Reads the string at `offset`, and moves `offset` past the string.
  ///
  /// - Parameter allowsLines: true if three quotes begin a string of several lines.
  static func read(
    _ bytes: [UInt8], _ offset: inout Int, allowsLines: Bool
  ) throws(Mistake) -> String {
    let start = offset
    let quote = bytes[offset]
    let isLong = allowsLines && bytes[offset...].starts(with: [quote, quote, quote])
    let end = [UInt8](repeating: quote, count: isLong ? 3 : 1)
    offset += end.count
    if isLong { skipNewline(bytes, &offset) }
    var text: [UInt8] = []
    while true {
      guard offset < bytes.count else { throw Mistake(start, "the string is not closed") }
      let byte = bytes[offset]
      if bytes[offset...].starts(with: end) {
        offset += end.count
        // A string of several lines can end with four or five quotes: the first one or two are
        // text.
        let more = isLong ? bytes[offset...].prefix(2).prefix { $0 == quote } : []
        text += more
        offset += more.count
        return String(decoding: text, as: UTF8.self)
      }
      switch byte {
      case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""):
        text += try escape(bytes, &offset, isLong: isLong)
        continue
      case UInt8(ascii: "\n") where !isLong: throw Mistake(start, "the string is not closed")
      case UInt8(ascii: "\t"), UInt8(ascii: "\n"): break
      case UInt8(ascii: "\r") where offset + 1 < bytes.count && bytes[offset + 1] == 0x0A: break
      case 0..<0x20, 0x7F: throw Mistake(offset, "a control character must be written as \\u0000")
      default: break
      }
      text.append(byte)
      offset += 1
    }
  }

  private static func skipNewline(_ bytes: [UInt8], _ offset: inout Int) {
    if bytes[offset...].starts(with: [0x0D, 0x0A]) { offset += 1 }
    if offset < bytes.count, bytes[offset] == 0x0A { offset += 1 }
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A,
    UInt8(ascii: "f"): 0x0C, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\""): 0x22,
    UInt8(ascii: "\\"): 0x5C,
  ]

  private static func escape(
    _ bytes: [UInt8], _ offset: inout Int, isLong: Bool
  ) throws(Mistake) -> [UInt8] {
    let start = offset
    offset += 1
    guard offset < bytes.count else { throw Mistake(start, "the string is not closed") }
    let letter = bytes[offset]
    if let byte = escapes[letter] {
      offset += 1
      return [byte]
    }
    if letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") {
      let digits = bytes[(offset + 1)...].prefix(letter == UInt8(ascii: "u") ? 4 : 8)
      let text = String(decoding: digits, as: UTF8.self)
      if text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
        digits.count == (letter == UInt8(ascii: "u") ? 4 : 8),
        let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init)
      {
        offset += 1 + digits.count
        return Array(String(Character(scalar)).utf8)
      }
    }
    // A backslash at the end of a line removes the line break and the white space after it.
    var end = offset
    while end < bytes.count, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[end]) { end += 1 }
    if isLong, bytes[offset..<end].contains(0x0A) {
      offset = end
      return []
    }
    throw Mistake(start, "\\ is followed by an unknown letter")
  }
}
