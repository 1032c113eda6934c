import Testing

@testable import UringUI

/// Tests of the key F5, which sums rows by a field.
@Suite struct TotalsTests: InterfaceSuite {
  /// Returns an interface that shows the totals by the field with this title.
  private func totals(by title: String) -> Interface {
    var interface = interface()
    press(&interface, .function(5))
    let position = interface.focusedPane.totalsTitles.firstIndex(of: title)!
    for _ in 0..<position { press(&interface, .down) }
    #expect(screen(&interface, height: 60).contains("Sum by"))
    press(&interface, .enter)
    return interface
  }

  /// F5 is called Sum everywhere, because Group is the command of the key G.
  @Test func theCommandHasOneWord() throws {
    let binding = try #require(Binding.all.first { $0.keys.contains(.function(5)) })
    #expect(binding.label == "Sum" && binding.help.hasPrefix("sum "))
    #expect(Modal.totalsMenu(position: 0).bar.first?.label == "Sum")
  }

  @Test func eachValueHasALineWithItsCountAndTheTotalsOfShownFields() {
    var interface = totals(by: "STATE")
    let lines = screen(&interface, width: 120, height: 40).split(separator: "\n")
    #expect(lines.contains { $0.contains("ROWS") && $0.contains("MAX_AGE") }, "\(lines)")
    let all = interface.scene!.snapshot.requests
    for (state, requests) in Dictionary(grouping: all, by: \.state) {
      #expect(
        lines.contains { line in
          line.split(separator: " ").prefix(2).elementsEqual([state.name[...], "\(requests.count)"])
        }, "\(state.name) \(requests.count): \(lines)")
    }
  }

  /// The column TOOK of ended requests shows the field `age`.
  @Test func totalsHaveTheTitlesOfTheColumns() {
    var snapshot = Make.lending
    snapshot.recent = [
      Make.request(2, state: .completed, result: -5), Make.request(3, state: .completed, result: 0),
    ]
    var interface = interface(snapshot)
    press(&interface, "2", .function(5))
    let position = interface.focusedPane.totalsTitles.firstIndex(of: "OPCODE")!
    for _ in 0..<position { press(&interface, .down) }
    press(&interface, .enter)
    #expect(screen(&interface, width: 120, height: 40).contains("MAX_TOOK"))
    #expect(!interface.focusedPane.columnChoices.contains { $0.title == "AGE" })
  }

  @Test func enterShowsTheRowsOfAValueBesidesTheOldFilter() {
    var interface = totals(by: "STATE")
    press(&interface, .enter)
    #expect(interface.modal == nil)
    #expect(interface.focusedPane.filter.hasPrefix("state="))
    #expect(interface.focusedPane.filterError == nil)
    let first = interface.focusedPane.filter
    press(&interface, .function(5), .enter, .enter)
    #expect(interface.focusedPane.filter.hasPrefix(first + " id="))
  }

  @Test func withoutRowsThereIsNothingToChoose() {
    var interface = interface()
    press(&interface, .function(4), "n", "o", "-", "r", "o", "w", .enter)
    press(&interface, .function(5), .enter, .down, .end, .enter)
    #expect(interface.modal == nil)
    #expect(interface.focusedPane.filter == "no-row")
  }
}
