import Testing

@testable import UringConfiguration

/// Tests of the settings in a configuration file, and of the mistakes reported for it.
@Suite struct ConfigurationTests {
  private func configuration(_ text: String) -> Configuration {
    Configuration(TOMLDocument(Array(text.utf8)))
  }

  /// Returns the line, column and message of each mistake.
  private func mistakes(_ text: String) -> [String] {
    let document = TOMLDocument(Array(text.utf8))
    return Configuration(document).mistakes.map {
      let (line, column) = document.position(of: $0.offset)
      return "\(line):\(column): \($0.message)"
    }
  }

  @Test func everyKeyIsRead() {
    let configuration = configuration(
      """
      theme = "colour-blind"
      interval = "500ms"
      filters = { slow = "age>30ms" }
      [filters]
      disk-writes = "op:WRITE"
      [tables.rings]
      columns = ["pid", "comm"]
      sort = "-pid"
      """)
    #expect(configuration.mistakes == [])
    #expect(configuration.theme?.value == .colourBlind)
    #expect(configuration.interval?.value == 500_000_000)
    #expect(
      configuration.filters.mapValues(\.value) == ["slow": "age>30ms", "disk-writes": "op:WRITE"])
    #expect(configuration.tables["rings"]?.value.columns?.map(\.value) == ["pid", "comm"])
    #expect(configuration.tables["rings"]?.value.sort?.value == "-pid")
  }

  @Test(arguments: [
    ("thme = 1", "1:1: unknown key; did you mean theme?"),
    ("theme = 'pink'", "1:9: a theme is expected: dark, light, colour-blind, monochrome"),
    ("theme = 1", "1:9: a text in quotes is expected"),
    ("interval = '1ms'", "1:12: a time from \"50ms\" to \"60s\" is expected"),
    ("interval = '2m'", "1:12: a time from \"50ms\" to \"60s\" is expected"),
    ("[filters]\n'a b' = 'x'", "2:1: the name of a filter has letters, digits, - and _ only"),
    ("[filters]\na = ['x']", "2:5: a text in quotes is expected"),
    ("[filters.a]\nb = 'x'", "2:1: unknown key"),
    ("[tables.rings]\ncolums = []", "2:1: unknown key; did you mean columns?"),
    ("[tables.rings]\ncolumns = 'pid'", "2:11: a list is expected, such as [\"age\", \"state\"]"),
    ("[tables.rings]\ncolumns = ['pid', 1]", "2:19: a text in quotes is expected"),
    ("theme = 'dark'\ntheme = 'light'", "2:1: this key is set twice"),
    ("[[tables]]\nrings = 1", "2:1: unknown key"),
  ]) func aMistakeHasItsPlace(_ text: String, _ message: String) {
    #expect(mistakes(text) == [message])
  }

  @Test func theRestCountsDespiteMistakes() {
    let text = "theme = \"light\"\ninterval = 5\nnonsense\n[filters]\na = \"b\"\n"
    #expect(mistakes(text).map { $0.prefix(3) } == ["2:1", "3:9"])
    let configuration = configuration(text)
    #expect(configuration.theme?.value == .light)
    #expect(configuration.filters["a"]?.value == "b")
  }
}
