import Foundation
import Testing
import UringConfiguration

@testable import UringUI

/// Tests that the interface applies a configuration, and returns the user's changes of columns and
/// sort order so that uringtop can save them.
@Suite struct ConfigurationTests: InterfaceSuite {
  private func options(_ text: String) -> UserInterfaceOptions {
    let document = TOMLDocument(Array(text.utf8))
    var options = UserInterfaceOptions()
    options.configuration = Configuration(document)
    options.describeMistake = { mistake in
      let (line, column) = document.position(of: mistake.offset)
      return "config.toml:\(line):\(column): \(mistake.message)"
    }
    return options
  }

  private func titles(_ interface: inout Interface) -> String {
    let lines = screen(&interface, width: 120).split(separator: "\n")
    return lines.first { $0.contains("OPCODE") }.map(String.init) ?? ""
  }

  /// Opens the list of columns and moves the selection to the column with this title.
  private func choose(_ title: String, in interface: inout Interface) {
    press(&interface, .function(2))
    let position = interface.focusedPane.columnChoices.firstIndex { $0.title == title }!
    for _ in 0..<position { press(&interface, .down) }
  }

  @Test func columnsAndSortOrderAreThoseOfTheFile() {
    let text = "[tables.requests]\ncolumns = [\"OPCODE\", \"comm\", \"age\"]\nsort = \"-opcode\""
    var interface = interface(options: options(text))
    #expect(interface.warning == nil)
    let words = titles(&interface).split(separator: " ")
    #expect(words == ["OPCODE▼", "COMMAND", "AGE"], "\(words)")
  }

  /// The example in docs/configuration.md uses every key, and is valid.
  @Test func theDocumentedExampleIsRight() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let document = try String(
      contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    let blocks = document.components(separatedBy: "```toml\n").dropFirst()
    #expect(blocks.count == 1)
    for block in blocks {
      let options = options(block.components(separatedBy: "```")[0])
      #expect(interface(options: options).warning == nil)
      #expect(options.configuration.theme != nil && options.configuration.interval != nil)
      #expect(!options.configuration.filters.isEmpty)
      #expect(options.configuration.tables["requests"]?.value.columns != nil)
      #expect(options.configuration.tables["rings"]?.value.sort != nil)
    }
  }

  @Test func filtersHaveNames() {
    var options = options("[filters]\nslow = \"opcode:POLL\"\n")
    options.requestFilter = "@slow"
    var interface = interface(options: options)
    #expect(interface.warning == nil)
    #expect(screen(&interface).contains("1 of 3"), "\(screen(&interface))")
    press(&interface, .escape, .function(4))
    type(&interface, "!@slow")
    press(&interface, .enter)
    #expect(screen(&interface).contains("2 of 3"))
    press(&interface, .function(4))
    type(&interface, " @fast")
    press(&interface, .enter)
    #expect(screen(&interface).contains("no filter is named 'fast'"), "\(screen(&interface))")
  }

  @Test(arguments: [
    ("[tables.request]\nsort = 'age'", "2:1: there is no such table"),
    (
      "[tables.requests]\ncolumns = ['agee']",
      "2:12: this table has no such column; did you mean age"
    ),
    ("[tables.requests]\ncolumns = []", "2:11: a table needs at least one column"),
    ("[tables.requests]\nsort = '!'", "2:8: rows cannot be sorted by this column"),
    ("[tables.requests]\nsort = '-nothing'", "2:8: this table has no such column"),
    ("[filters]\nslow = 'age>x'", "2:8: the filter is invalid at 5: 'x' is not a time"),
    ("sort = 1\n[tables.x]\nsort = ''", "1:1: unknown key"),
  ]) func aMistakeIsAWarningUntilAKeyIsPressed(_ text: String, _ message: String) {
    var interface = interface(options: options(text))
    let warned = screen(&interface, width: 200)
    #expect(warned.contains("config.toml:" + message), "\(warned)")
    #expect(warned.contains("POLL_ADD"))
    press(&interface, .down)
    #expect(!screen(&interface, width: 200).contains("config.toml"))
  }

  /// A filter is valid if any table can use it.
  @Test func filtersMayBeOfAnyTable() {
    #expect(interface(options: options("[filters]\nbusy = 'sq_pending>0'")).warning == nil)
  }

  @Test func mistakesAreCounted() {
    var interface = interface(options: options("a = 1\nb = 1\nc = 1"))
    #expect(screen(&interface).contains("unknown key (and 2 more)"))
  }

  // MARK: Changes

  @Test func changesOfColumnsAreKeptOnceTheListIsClosed() {
    var interface = interface()
    choose("CHAIN", in: &interface)
    let before = interface.focusedPane.namedArrangement!.columns
    #expect(press(&interface, .enter) == [])
    let kept = press(&interface, .escape)
    let change = TableChange(
      table: "requests", columns: before.filter { $0 != "chain" }, sort: nil)
    #expect(kept == [.keep(.table(change))])
    #expect(press(&interface, .down) == [])
  }

  @Test func columnsMove() {
    var interface = interface()
    choose("OPCODE", in: &interface)
    press(&interface, .function(7), .function(7), .function(7), .function(7), .function(7))
    let kept = press(&interface, .escape)
    #expect(titles(&interface).hasPrefix("OPCODE"), "\(titles(&interface))")
    guard case .keep(.table(let change))? = kept.first else {
      return #expect(Bool(false), "\(kept)")
    }
    #expect(change.columns?.first == "opcode" && change.sort == nil)
    // In the list of columns, the selection has moved with the column.
    press(&interface, .function(2), .function(8))
    #expect(press(&interface, .enter, .escape).count == 1)
    #expect(!titles(&interface).contains("OPCODE"))
  }

  @Test func changesOfTheSortOrderAreKept() {
    var interface = interface()
    press(&interface, .function(6))
    let position = interface.focusedPane.sortTitles.firstIndex(of: "OPCODE")!
    for _ in 0..<position { press(&interface, .down) }
    #expect(
      press(&interface, .enter)
        == [.keep(.table(TableChange(table: "requests", sort: "opcode")))])
    #expect(
      press(&interface, "I") == [.keep(.table(TableChange(table: "requests", sort: "-opcode")))])
  }

  /// The configuration accepts the names of columns that the interface returns.
  @Test func everyColumnIsFoundByItsName() {
    var interface = interface()
    for slot in [.rings] + interface.lower.indices.map({ PaneSlot.lower($0) }) {
      guard let count = interface[slot].arrangement?.order.count else { continue }
      for position in 0..<count where !interface[slot].columnChoices[position].isShown {
        interface[slot].toggleColumn(position)
      }
      let names = interface[slot].namedArrangement!.columns
      #expect(Set(names).count == names.count, "\(interface[slot].name) \(names)")
      let positions = interface[slot].arrangement
      let settings = options(
        "[tables.x]\ncolumns = \(TOMLDocument.array(names.reversed()))"
      ).configuration.tables["x"]!.value
      #expect(interface[slot].arrange(by: settings) == [])
      #expect(interface[slot].namedArrangement!.columns == names.reversed())
      #expect(interface[slot].arrangement?.hidden == positions?.hidden)
    }
  }

  /// If the column has no room for the sort mark beside its title, the mark is in the gap before
  /// the next column.
  @Test func theSortColumnIsMarkedAtEveryWidth() {
    var interface = interface()
    #expect(screen(&interface).contains("SUB/s▼  ERR"), "\(screen(&interface))")
  }
}
