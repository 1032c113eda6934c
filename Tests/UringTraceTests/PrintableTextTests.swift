import Testing

@testable import UringBase
@testable import UringRecordings

/// Tests of the form in which uringtop shows untrusted names.
@Suite struct PrintableTextTests {
  @Test func whatCommandsATerminalIsNotShown() {
    #expect("plain ü 水 😀".printable == "plain ü 水 😀")
    #expect("\u{1B}[2Jred\u{7F}\n".printable == "?[2Jred??")
    // controls, bidirectional marks, joiners, fillers, line separators, tags, private use,
    // unassigned
    for scalar in [
      "\u{0}", "\r", "\u{85}", "\u{9B}", "\u{AD}", "\u{061C}", "\u{115F}", "\u{180E}", "\u{200B}",
      "\u{200D}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}", "\u{2066}",
      "\u{2069}", "\u{3164}", "\u{FE0F}", "\u{FEFF}", "\u{FFF9}", "\u{E000}", "\u{E0041}",
      "\u{10FFFF}",
    ] { #expect("a\(scalar)b".unicodeScalars.count == 3 && "a\(scalar)b".printable == "a?b") }
  }

  @Test func stacksOfMarksAreCut() {
    let marks = String(repeating: "\u{0301}", count: 100)
    #expect("e\(marks)x".printable.unicodeScalars.count == 4)
  }

  @Test func longNamesKeepTheirEnds() {
    let path = "/home/" + String(repeating: "水", count: 1000) + "/data.bin"
    let short = path.shortened(to: 40)
    #expect(short.displayWidth <= 40 && short.displayWidth >= 38)
    #expect(short.hasPrefix("/home/") && short.hasSuffix("/data.bin"))
    #expect("short".shortened(to: 5) == "short")
    #expect("longer".shortened(to: 5) == "...er")
  }

  @Test func documentsEscapeThem() {
    var json = JSONWriter()
    json.value("a\u{202E}b\u{E0041}c水\u{FEFF}")
    #expect(
      String(decoding: json.bytes, as: UTF8.self) == #""a\u202eb\udb40\udc41c水\ufeff""#)
  }
}
