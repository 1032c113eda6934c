import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the row of tabs: the names of the panes, and the counts and the filter beside them.
@Suite struct TabBarTests: InterfaceSuite {
  private static let filter = "op:READ age>30ms ring=1 comm=fio"

  private func tabs(_ interface: inout Interface, width: Int, height: Int = 24) -> String {
    screen(&interface, width: width, height: height).split(separator: "\n")
      .first { $0.contains(" 1 Req") }.map(String.init) ?? ""
  }

  private func filtered(_ filter: String) -> Interface {
    var interface = interface()
    press(&interface, .function(4))
    type(&interface, filter)
    press(&interface, .enter)
    return interface
  }

  /// A filter that is cut off without a mark looks like another filter.
  @Test(arguments: Array(40...160)) func aFilterIsWholeOrEndsWithAnEllipsis(width: Int) {
    var interface = filtered(Self.filter)
    let row = tabs(&interface, width: width)
    let isWhole = row.contains("0 of 3, \"\(Self.filter)\"")
    #expect(isWhole || row.contains("…"), "\(row)")
    #expect(!isWhole || !row.contains("…"), "\(row)")
    // The text before the ellipsis is the beginning of the filter.
    guard !isWhole, let start = row.firstRange(of: "\"")?.upperBound,
      let end = row.firstRange(of: "…")?.lowerBound
    else { return }
    #expect(Self.filter.hasPrefix(row[start..<end]), "\(row)")
  }

  /// `age>3…` could be `age>3` or `age>30ms`.
  @Test(arguments: Array(60...160)) func numbersAreWholeOrLeftOut(width: Int) {
    var interface = filtered("len<123456789")
    let row = tabs(&interface, width: width)
    #expect(row.contains("len<123456789\"") || !row.contains("len<1"), "\(row)")
  }

  @Test func at80ColumnsTheBeginningOfTheFilterIsShown() {
    var interface = filtered(Self.filter)
    let row = tabs(&interface, width: 80)
    #expect(row.contains(" 0 of 3, \"op"), "\(row)")
  }

  @Test(arguments: [false, true]) func tabsKeepTheirNamesAt80Columns(hasDemo: Bool) {
    inEachPane(hasDemo: hasDemo) { interface, panes in
      expectNames(of: panes, in: screen(&interface, width: 80, height: 24))
    }
  }

  @Test(arguments: [80, 90, 100, 120], [false, true])
  func tabsKeepTheirNamesBesideAFilter(width: Int, hasDemo: Bool) {
    inEachPane(hasDemo: hasDemo) { interface, panes in
      if interface.focusedPane.isList {
        press(&interface, .function(4))
        type(&interface, Self.filter)
        press(&interface, .enter)
      }
      expectNames(of: panes, in: tabs(&interface, width: width))
    }
  }

  /// Calls `body` with an interface that shows each of its lower panes in turn.
  private func inEachPane(hasDemo: Bool, _ body: (inout Interface, [any Pane]) -> Void) {
    let panes = PaneCatalogue.make(hasDemo: hasDemo)
    var options = UserInterfaceOptions()
    if hasDemo {
      options.demoStatus = { DemoStatus(target: "ublk", mode: "copy", time: 1, startTime: 1) }
    }
    var interface = interface(options: options)
    for current in panes.indices {
      press(&interface, .character(Unicode.Scalar(UInt8(49 + current))))
      body(&interface, panes)
    }
  }

  @Test func at60ColumnsAllTabsHaveNames() {
    let panes = PaneCatalogue.make()
    var interface = filtered(Self.filter)
    for current in panes.indices {
      press(&interface, .character(Unicode.Scalar(UInt8(49 + current))))
      expectNames(of: panes, in: tabs(&interface, width: 60))
    }
  }

  private func expectNames(of panes: [any Pane], in row: String) {
    for (index, pane) in panes.enumerated() {
      let short = PaneCatalogue.shortNames.first { $0.key == pane.name }?.value
      #expect(
        [pane.name, short ?? pane.name].contains { row.contains(" \(index + 1) \($0) ") }, "\(row)")
    }
  }

  @Test func aClickOnATabOfANarrowScreenShowsItsPane() {
    var interface = interface()
    for index in interface.lower.indices {
      let rows = screen(&interface, width: 60).split(
        separator: "\n", omittingEmptySubsequences: false)
      let y = rows.firstIndex { $0.contains(" 1 Req") } ?? 0
      let x = String(rows[y]).distance(to: " \(index + 1) ") + 1
      _ = interface.handle(.click(x: x, y: y))
      #expect(interface.current == index)
    }
  }
}
