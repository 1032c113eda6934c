import Testing

@testable import UringRecordings

/// Tests that the parser reads untrusted JSON exactly or refuses it.
@Suite struct JSONParserTests {
  private static func parse(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBytes { try JSONParser.value(of: $0) }
  }

  @Test(arguments: [
    ("null", JSONValue.null), (" true ", .flag(true)), ("false", .flag(false)), ("0", .number(0)),
    ("18446744073709551615", .number(.max)), ("-9223372036854775808", .signed(.min)),
    ("1.5", .decimal(1.5)), ("-2e3", .decimal(-2000)), ("\"\"", .text("")), ("[]", .list([])),
    ("{}", .object([])), ("[1, [2]]", .list([.number(1), .list([.number(2)])])),
    (
      "{\"a\":{\"b\":null}}",
      .object([.init(name: "a", value: .object([.init(name: "b", value: .null)]))])
    ),
    (#""a\"\\\/\n\u00e4\ud83d\ude00b""#, .text("a\"\\/\nä😀b")),
    (#""\ud83d""#, .text("\u{fffd}")),
  ]) func valuesAreRead(text: String, value: JSONValue) throws {
    #expect(try Self.parse(text) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "tru", "[1", "[1,", "[1,]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1,}",
    "{a:1}",
    "{\"a\":1,\"a\":2}", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\n\"", "1 2", "-", "1e", "--1",
    "+1", "1e999",
    String(repeating: "[", count: 100_000),
  ]) func othersAreRefused(text: String) {
    #expect(throws: JSONParser.Failure.self) { try Self.parse(text) }
  }

  @Test func memoryIsBounded() {
    let text = "[" + String(repeating: "0,", count: JSONParser.mostValues) + "0]"
    #expect(throws: JSONParser.Failure.self) { try Self.parse(text) }
  }

  @Test func aWrittenTextIsReadBack() throws {
    let text = "\u{202e}\u{7}\"\\\n\tä😀\u{fffe}"
    var json = JSONWriter()
    json.value(text)
    #expect(try json.bytes.withUnsafeBytes { try JSONParser.value(of: $0) } == .text(text))
  }
}
