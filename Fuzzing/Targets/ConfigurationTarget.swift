import UringConfiguration

@testable import UringUI

/// The configuration file, and the changes that uringtop makes in it.
enum ConfigurationTarget: Target {
  static let name = "config"
  static let longest = 2048

  static func run(_ input: UnsafeRawBufferPointer) {
    var document = TOMLDocument(Array(input))
    let configuration = Configuration(document)
    for mistake in configuration.mistakes { _ = document.position(of: mistake.offset) }
    var options = UserInterfaceOptions()
    options.configuration = configuration
    _ = Interface(options: options)

    // A change of a file without mistakes is read again.
    let path = ["tables", "requests", "columns"]
    guard configuration.mistakes.isEmpty else {
      document.set(path, to: TOMLDocument.array(["age"]))
      return
    }
    document.set(path, to: TOMLDocument.array(["age", "\"\u{1}é"]))
    let columns = Configuration(document).tables["requests"]?.value.columns?.map(\.value)
    guard columns == ["age", "\"\u{1}é"], document.mistakes.isEmpty else {
      fatalError("the change is lost: \(String(decoding: document.bytes, as: UTF8.self))")
    }
  }

  static let seeds = [
    """
    # mine
    theme = "light"
    interval = "500ms"

    [filters]
    slow = "age>30ms !op:TIMEOUT"

    [tables.requests]
    columns = ["age", "opcode", 'FILE', # comment
      "state",
    ]
    sort = "-age"
    """,
    "tables = { rings = { columns = [\"pid\"], sort = \"err\" } }\nother = 1979-05-27\n",
    "tables.latency.sort = \"\"\"count\"\"\"\n[[other]]\na = '''b\nc'''\n[x.\"y\"]\nz = 1.5e3\n",
  ]

  private static let words = [
    "[tables.requests]\n", "columns = [\"age\"]\n", "sort = \"-age\"\n", "[filters]\n", "[[a]]\n",
    "\"\"\"", "'''", "\\u00e9", "{", "}", "[", "]", ", ", ".", " = ", "\r\n", "# ",
    "tables.requests.", "requests = {}", "tables = {}",
  ]

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    guard random.below(3) != 0, let word = random.element(of: words) else { return nil }
    var output = input
    output.insert(contentsOf: word.utf8, at: random.below(input.count + 1))
    return Array(output.prefix(limit))
  }
}
