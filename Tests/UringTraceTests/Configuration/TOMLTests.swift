import Testing

@testable import UringConfiguration

/// Tests of `TOMLDocument`, which finds and replaces values in a TOML text.
@Suite struct TOMLTests {
  private func document(_ text: String) -> TOMLDocument { TOMLDocument(Array(text.utf8)) }

  private func text(_ document: TOMLDocument) -> String {
    String(decoding: document.bytes, as: UTF8.self)
  }

  private func string(_ text: String) -> String? {
    let document = document(text)
    guard document.mistakes.isEmpty,
      case .string(let value)? = document.entries.first?.value.content
    else { return nil }
    return value
  }

  private func paths(_ text: String) -> [String] {
    document(text).entries.map { $0.path.joined(separator: "/") }
  }

  /// Returns the line, column and message of the first mistake.
  private func mistake(_ text: String) -> String? {
    let document = document(text)
    return document.mistakes.first.map {
      let (line, column) = document.position(of: $0.offset)
      return "\(line):\(column): \($0.message)"
    }
  }

  @Test(arguments: [
    (#"a = "b""#, "b"), ("a='b\\'", "b\\"), (#"a = "\t\"\\\u00e9\U0001F600""#, "\t\"\\é😀"),
    ("a = \"\"\"\nb\r\nc\"\"\"", "b\r\nc"), ("a = \"\"\"b\\\n   c\"\"\"", "bc"),
    ("a = '''b\n'c''''", "b\n'c'"), (#"a = """b""""""#, "b\"\""), (#"a = """#, ""),
    ("\u{FEFF}a = \"b\" # c", "b"),
  ]) func stringsAreRead(_ toml: String, _ value: String) {
    #expect(string(toml) == value)
  }

  @Test func keysAreReadHoweverTheyAreWritten() {
    #expect(paths("a.b.c = 1\n\"a b\".'c' = 1") == ["a/b/c", "a b/c"])
    #expect(paths("[a.b]\nc = 1\n[ \"d\" . e ]\nf.g = 1") == ["a/b/c", "d/e/f/g"])
    #expect(paths("a = { b = 1, c.d = { e = 1 } }") == ["a", "a/b", "a/c/d", "a/c/d/e"])
  }

  @Test func valuesThatAreNotUsedAreNoMistakes() {
    let text = """
      integer = +1_000
      float = -1e+9
      hexadecimal = 0xFF
      truth = true
      date = 1979-05-27T07:32:00-08:00
      time = 07:32:00
      nothing = []
      mixed = [ 1, [ "a", { b = "c" } ], # comment
        "d",
      ]
      [[people]]
      name = "x"
      [[people]]
      name = "y"
      """
    let document = document(text)
    #expect(document.mistakes == [])
    #expect(document.entries.count { $0.isInArray } == 2)
  }

  @Test(arguments: [
    ("a", "1:2: = is expected after a key"),
    ("a = 1\n  = 2", "2:3: a key is expected"),
    ("é = 1", "1:1: a key is expected"),
    ("'é' x", "1:5: = is expected after a key"),
    ("a = ", "1:5: a value is expected, such as \"text\""),
    ("a = \"b", "1:5: the string is not closed"),
    ("a = \"b\n\"", "1:5: the string is not closed"),
    ("a = '''b", "1:5: the string is not closed"),
    ("a = \"\\q\"", "1:6: \\ is followed by an unknown letter"),
    ("a = \"\\u12\"", "1:6: \\ is followed by an unknown letter"),
    ("a = \"\\uD800\"", "1:6: \\ is followed by an unknown letter"),
    ("a = \"\u{1B}\"", "1:6: a control character must be written as \\u0000"),
    ("a = [1", "1:5: the array is not closed by ]"),
    ("a = [1 2]", "1:8: , or ] is expected"),
    ("a = {", "1:5: the table is not closed by }"),
    ("a = {b = 1 c}", "1:12: , or } is expected"),
    ("[a", "1:3: ] is expected after the name of the table"),
    ("[a]\n[a]", "2:1: this table is defined twice"),
    ("a = 1 b = 2", "1:7: the end of the line is expected"),
  ]) func aMistakeHasItsPlace(_ text: String, _ message: String) {
    #expect(mistake(text) == message)
  }

  @Test func theRestIsReadAfterAMistake() {
    let document = document("a = 1\nb = \"x\nc = [\nd = 2\n")
    #expect(document.mistakes.count == 2)
    #expect(document.entries.map(\.path) == [["a"], ["d"]])
  }

  @Test func depthAndNumberOfMistakesAreLimited() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(mistake("a = " + deep)?.hasSuffix("the values are nested too deeply") == true)
    #expect(mistake(String(repeating: "a.", count: 100) + "b = 1") != nil)
    #expect(document(String(repeating: "?\n", count: 100_000)).mistakes.count == 100)
  }

  // MARK: Edits

  private func edited(_ text: String, _ path: String..., to value: String) -> String {
    var document = document(text)
    document.set(path, to: value)
    #expect(document.mistakes == [])
    return self.text(document)
  }

  @Test func aValueIsReplacedAndTheRestStays() {
    let text = "# mine\n[ t.a ] # here\n  sort = \"x\"   # why\nother = 2024-01-01\n"
    #expect(
      edited(text, "t", "a", "sort", to: "\"y\"")
        == "# mine\n[ t.a ] # here\n  sort = \"y\"   # why\nother = 2024-01-01\n")
  }

  @Test func aKeyIsAddedWhereItsTableIs() {
    #expect(edited("", "t", "a", "b", to: "1") == "[t.a]\nb = 1\n")
    #expect(edited("x = 1", "t", "a", "b", to: "1") == "x = 1\n\n[t.a]\nb = 1\n")
    #expect(
      edited("[t.a] # c\n\n[z]\n", "t", "a", "b", to: "1") == "[t.a] # c\nb = 1\n\n[z]\n")
    #expect(
      edited("[t.a]\nc = [\n1,\n] # d\n[z]", "t", "a", "b", to: "1")
        == "[t.a]\nc = [\n1,\n] # d\nb = 1\n[z]")
    #expect(edited("[t.a]\r\nc = 1\r\n", "t", "a", "b", to: "1") == "[t.a]\r\nc = 1\nb = 1\r\n")
    #expect(edited("t.a.c = 1", "t", "a", "b", to: "2") == "t.a.c = 1\nt.a.b = 2")
    #expect(edited("[t]\na.c = 1", "t", "a", "b", to: "2") == "[t]\na.c = 1\na.b = 2")
    #expect(edited("t = {a={c=1}}", "t", "a", "b", to: "2") == "t = {a={c=1, b = 2}}")
  }

  @Test func aKeyOfNoTableIsAddedBeforeTheTables() {
    #expect(edited("", "b", to: "1") == "b = 1\n")
    #expect(edited("a = 1\n[t]\n", "b", to: "2") == "a = 1\nb = 2\n[t]\n")
    #expect(edited("a = 1\nb = 1 # c\n[t]\nb = 3", "b", to: "2") == "a = 1\nb = 2 # c\n[t]\nb = 3")
    #expect(edited("# of t\n[t]\nb = 1\n", "b", to: "2") == "b = 2\n# of t\n[t]\nb = 1\n")
    #expect(edited("\u{FEFF}[t]\n", "b", to: "2") == "\u{FEFF}b = 2\n[t]\n")
    #expect(edited("[[t]]\nx = 1\n", "b", to: "2") == "b = 2\n[[t]]\nx = 1\n")
    #expect(edited("t.x = 1\n[u]\n", "b", to: "2") == "b = 2\nt.x = 1\n[u]\n")
  }

  /// Entries after a header of an array of tables belong to that array.
  @Test func aTableIsNotAddedToAnArray() {
    #expect(
      edited("[[t.a]]\nb = 1\n", "t", "x", "b", to: "2") == "[[t.a]]\nb = 1\n\n[t.x]\nb = 2\n")
  }

  @Test func anyTextIsAString() {
    let text = "a\"\\\u{0}\u{1B}\u{7F}é\n"
    #expect(string("a = " + TOMLDocument.string(text)) == text)
  }
}
