import Testing

@testable import UringUI

/// Tests of columns that the user shows and hides, and of columns that are hidden to make room for
/// others.
@Suite struct ColumnMenuTests: InterfaceSuite {
  @Test func aFieldBecomesAColumn() {
    var interface = interface()
    press(&interface, .function(2))
    let choices = interface.focusedPane.columnChoices
    let position = choices.firstIndex { $0.title == "COMMAND" }!
    #expect(!choices[position].isShown)
    for _ in 0..<position { press(&interface, .down) }
    let menu = screen(&interface)
    #expect(menu.contains("[ ] COMMAND") && menu.contains(choices[position].meaning), "\(menu)")
    press(&interface, " ")
    #expect(screen(&interface).contains("[x] COMMAND"))
    press(&interface, .escape)
    #expect(interface.modal == nil)
    let titles = screen(&interface).split(separator: "\n").first { $0.contains("OPCODE") }
    #expect(titles?.contains("COMMAND") == true)
  }

  @Test func aColumnWithoutRoomSaysSo() {
    var interface = interface()
    _ = screen(&interface, width: 60)
    press(&interface, .function(2))
    let hidden = interface.focusedPane.columnChoices.filter { $0.isShown && !$0.hasRoom }
    #expect(!hidden.isEmpty)
    #expect(screen(&interface, width: 60, height: 60).contains("[x] \(hidden[0].title)  no room"))
    _ = screen(&interface, width: 300)
    #expect(interface.focusedPane.columnChoices.allSatisfy { !$0.isShown || $0.hasRoom })
  }

  /// At 80 columns, the meaning of the field STATE of groups takes several lines.
  @Test(arguments: [15, 24, 60]) func theMeaningAndTheSelectedFieldAreWhole(height: Int) {
    var interface = interface()
    press(&interface, "5", .function(2))
    for choice in interface.focusedPane.columnChoices {
      let text = screen(&interface, width: 80, height: height)
      #expect(text.contains("] \(choice.title)"), "\(choice.title)\n\(text)")
      let words = text.split { $0 == " " || $0 == "\n" || $0 == "│" }.joined(separator: " ")
      #expect(words.contains(choice.meaning), "\(choice.title)\n\(text)")
      press(&interface, .down)
    }
  }

  @Test(arguments: ["1", "2", "3", "4", "5", "6", "7", "8", "\t"])
  func everyColumnHasAMeaning(key: Unicode.Scalar) {
    var interface = interface()
    press(&interface, key == "\t" ? .tab : .character(key))
    let choices = interface.focusedPane.columnChoices
    #expect(!choices.isEmpty)
    #expect(choices.filter(\.meaning.isEmpty).map(\.title) == [])
  }

  @Test func timesAreDistancesFromTheSnapshot() {
    var interface = interface()
    press(&interface, .function(2))
    let position = interface.focusedPane.columnChoices.firstIndex { $0.title == "START" }!
    for _ in 0..<position { press(&interface, .down) }
    press(&interface, " ", .escape)
    let text = screen(&interface, width: 200, height: 40)
    let titles = text.split(separator: "\n").first { $0.contains("OPCODE") }
    #expect(titles?.contains("START") == true, "\(text)")
    #expect(text.contains("s ago"), "\(text)")
  }

  @Test func aHiddenColumnIsGoneAtEveryWidth() {
    var interface = interface()
    press(&interface, .function(2))
    let position = interface.focusedPane.columnChoices.firstIndex { $0.title == "OPCODE" }!
    for _ in 0..<position { press(&interface, .down) }
    press(&interface, .enter, .escape)
    for width in [80, 120] {
      let text = screen(&interface, width: width, height: 20)
      #expect(!text.split(separator: "\n").contains { $0.contains("AGE") && $0.contains("OPCODE") })
    }
  }

  @Test func rowsAreSortedByAnyField() {
    let titles = interface().focusedPane.sortTitles
    #expect(titles.contains("COMMAND") && titles.contains("PID"))
  }

  /// No request is in a chain or a group, so the table hides the columns CHAIN and GROUP and gives
  /// their room to the other columns.
  @Test func emptyColumnsGiveWay() {
    var interface = interface()
    let text = screen(&interface)
    let titles = text.split(separator: "\n").first { $0.contains("OPCODE") } ?? ""
    #expect(!titles.contains("CHAIN") && !titles.contains("GROUP"), "\(text)")
    let wide = screen(&interface, width: 200, height: 40)
    #expect(wide.contains("CHAIN") && wide.contains("GROUP"))
  }

  @Test(arguments: [Key.function(1), "?", "h"]) func helpExplainsTheColumnAndComesBack(key: Key) {
    var interface = interface()
    press(&interface, .function(2), .down, .down)
    let choice = interface.focusedPane.columnChoices[2]
    press(&interface, key)
    let text = screen(&interface)
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(words.contains("Column \(choice.title)"), "\(text)")
    #expect(words.contains(choice.meaning), "\(text)")
    #expect(text.contains("F7 F8"), "\(text)")
    press(&interface, .escape)
    guard case .columnMenu(position: 2)? = interface.modal else {
      Issue.record("the chooser is not open: \(String(describing: interface.modal))")
      return
    }
    #expect(screen(&interface).contains("[x] \(choice.title)"))
    press(&interface, .escape)
    #expect(interface.modal == nil)
  }

  @Test func helpInTheOtherMenusComesBackToThem() {
    for menu in [Key.function(5), .function(6)] {
      var interface = interface()
      press(&interface, menu, .down)
      let before = screen(&interface)
      press(&interface, .function(1))
      #expect(screen(&interface).contains("this help"))
      press(&interface, .escape)
      #expect(screen(&interface) == before)
    }
  }

  /// The totals are those of the rows that pass the filter.
  @Test func theTotalsNameTheFilterOfTheirRows() {
    var interface = interface()
    press(&interface, .function(4))
    type(&interface, "age>1ms")
    press(&interface, .enter, .function(5))
    #expect(screen(&interface).contains("of the rows that match age>1ms"))
    press(&interface, .enter)
    #expect(screen(&interface).contains("of the rows that match age>1ms"))
    press(&interface, .escape, .escape, .function(5))
    #expect(!screen(&interface).contains("of the rows that match"))
  }
}
