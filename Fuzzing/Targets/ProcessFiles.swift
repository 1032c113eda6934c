/// The files of an input of ``ProcessTarget``.
struct ProcessFiles {
  private(set) var files: [(name: String, text: ArraySlice<UInt8>)] = []
  private static let mark = Array("=== ".utf8)
  private static let newline = UInt8(ascii: "\n")

  init(_ input: UnsafeRawBufferPointer, names: [String]) {
    let bytes = Array(input)
    var (name, start, line) = (String?.none, 0, 0)
    func file(to end: Int) {
      if let name, names.contains(name) { files.append((name, bytes[min(start, end)..<end])) }
    }
    while line < bytes.count {
      let end = bytes[line...].firstIndex(of: Self.newline) ?? bytes.count
      if bytes[line..<end].starts(with: Self.mark) {
        file(to: line)
        name = String(decoding: bytes[(line + Self.mark.count)..<end], as: UTF8.self)
        start = min(end + 1, bytes.count)
      }
      line = end + 1
    }
    file(to: bytes.count)
  }

  var bytes: [UInt8] {
    files.flatMap {
      Self.mark + Array($0.name.utf8) + [Self.newline] + $0.text + ending(of: $0.text)
    }
  }

  private func ending(of text: ArraySlice<UInt8>) -> [UInt8] {
    text.last == Self.newline ? [] : [Self.newline]
  }

  /// Another number, or another order of lines or words, in one of the files.
  mutating func change(_ random: inout Random) {
    let index = random.below(files.count)
    var text = Array(files[index].text)
    let numbers = text.indices.filter { position in
      Self.isDigit(text[position]) && (position == 0 || !Self.isDigit(text[position - 1]))
    }
    if random.below(4) > 0, let first = random.element(of: numbers) {
      let end = text[first...].firstIndex { !Self.isDigit($0) } ?? text.count
      let number = String(random.border(), radix: random.below(2) == 0 ? 10 : 16)
      text.replaceSubrange(first..<end, with: Array(number.utf8))
    } else {
      let separator = random.below(2) == 0 ? Self.newline : UInt8(ascii: " ")
      var parts = text.split(separator: separator, omittingEmptySubsequences: false)
      let part = random.below(parts.count)
      switch random.below(3) {
      case 0: parts.remove(at: part)
      case 1: parts.insert(parts[part], at: part)
      default: parts.swapAt(part, random.below(parts.count))
      }
      text = Array(parts.joined(separator: [separator]))
    }
    files[index].text = text[...]
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
