import Testing

@testable import UringFindings
@testable import UringTrace
@testable import UringUI

/// `f` lists all fields of a row, in every pane whose rows have fields; `i` opens the page of the
/// row's ring.
@Suite struct FieldsPaneTests: InterfaceSuite {
  private static let snapshot: Snapshot = {
    var snapshot = Make.lending
    snapshot.requests = [Make.request(1, state: .pollArmed)]
    snapshot.recent = [Make.request(2, state: .completed, result: -5)]
    snapshot.latency = [Make.latency(opcode: 22, [(1_000, 10)])]
    snapshot.events = [Make.event(.submit, at: 1, request: 1)]
    return snapshot
  }()

  /// The number key of each pane, the title of the list of fields, and a field with its value.
  static let panes: [(key: Key, title: String, field: String, value: String)] = [
    ("1", "Fields of request 1", "state", "poll-armed"),
    ("2", "Fields of request 2", "errno", "EIO"),
    ("3", "Fields of latency of READ", "count", "10"),
    ("4", "Fields of event: submit", "request", "1"),
    ("5", "Fields of group 1", "buffer.length", "16K"),
    ("6", "Fields of buffer #3", "kind", "registered"),
  ]

  @Test func aMaskOfEventsIsShownByTheirNames() {
    var snapshot = Self.snapshot
    snapshot.requests[0].pollEvents = 0x8000_2019
    var interface = interface(snapshot)
    press(&interface, "1", "f")
    let lines = screen(&interface, width: 120, height: 120).split(separator: "\n")
    let first = lines.firstIndex { $0.hasPrefix(" poll_events") } ?? 0
    let text = lines[first...].prefix(3).joined(separator: " ")
    for name in ["POLLIN", "POLLERR", "POLLHUP", "POLLRDHUP", "EPOLLET"] {
      #expect(text.contains(name), "\(text)")
    }
  }

  @Test(arguments: panes)
  func fieldsOfARowHaveValuesAndMeanings(
    _ pane: (key: Key, title: String, field: String, value: String)
  ) throws {
    var interface = interface(Self.snapshot)
    press(&interface, pane.key)
    #expect(screen(&interface, width: 200).contains("Fields"))
    press(&interface, "f")
    let lines = screen(&interface, width: 120, height: 120).split(separator: "\n")
    #expect(lines.contains { $0.contains(pane.title) }, "\(lines)")
    let line = try #require(lines.first { $0.hasPrefix(" \(pane.field) ") }, "\(lines)")
    let words = line.split(separator: " ")
    #expect(words[1] == pane.value)
    #expect(words.count > 3, "no meaning in \(line)")
    press(&interface, .escape)
    #expect(!screen(&interface).contains("Fields of"))
  }

  /// A registered file is listed among the buffers, and has fields of its own.
  @Test func fieldsOfARegisteredFileAreListed() {
    var snapshot = Make.snapshot(rings: [Make.ring(1)], requests: [], at: 10)
    snapshot.rings[0].files = [.init(index: 7, references: 2, tag: 0)]
    var interface = interface(snapshot)
    press(&interface, "6", "f")
    let text = screen(&interface, width: 100, height: 40)
    #expect(text.contains("Fields of file 7") && text.contains(" references "), "\(text)")
    press(&interface, .escape, .function(4), "i", "n", "d", "e", "x", "=", "7", .enter)
    #expect(screen(&interface).contains("file 7"))
  }

  @Test func fieldsOfAFindingAreListed() {
    var options = UserInterfaceOptions()
    options.title = ""
    var snapshot = Self.snapshot
    snapshot.rings[0].counts.overflows = 3
    var interface = interface(snapshot, options: options)
    press(&interface, "7", "f")
    let text = screen(&interface, width: 100, height: 40)
    #expect(text.contains("Fields of finding") && text.contains(" severity "), "\(text)")
  }

  /// The row for all rings is not a ring and has no fields.
  @Test func aRowWithoutFieldsOffersNone() {
    var interface = interface(Self.snapshot)
    press(&interface, .tab, .home)
    #expect(interface.focus == .rings)
    press(&interface, "f")
    #expect(interface.details.isEmpty)
    press(&interface, .down, "f")
    #expect(screen(&interface).contains("Fields of ring"))
  }

  @Test func detailsListTheFieldsOfTheirEntityToo() {
    var interface = interface(Self.snapshot)
    press(&interface, "5", .enter, "f")
    #expect(screen(&interface).contains("Fields of group 1"))
    press(&interface, .escape)
    #expect(screen(&interface).contains(" Group 1 "))
  }

  @Test(arguments: ["1", "2", "3", "4", "5", "6", "7"] as [Key])
  func theRingOfEveryRowHasItsPage(_ key: Key) {
    var snapshot = Self.snapshot
    snapshot.rings[0].counts.overflows = 3
    var interface = interface(snapshot)
    press(&interface, key, "i")
    #expect(screen(&interface).contains(" Ring 1 "))
  }

  @Test func aRequestThatEndsStaysListed() {
    var interface = interface(Self.snapshot)
    press(&interface, "1", "f")
    var later = Self.snapshot
    later.time += 1
    later.requests = []
    later.recent = [Make.request(1, state: .completed, result: 5)]
    interface.update(later, timeline: nil)
    let text = screen(&interface, width: 120, height: 60)
    #expect(text.contains("completed") && !text.contains("no longer listed"))
  }

  /// A field's value or meaning that is wider than its column continues on the next line.
  @Test(arguments: [40, 60, 80, 200])
  func nothingIsCutOff(width: Int) throws {
    var interface = interface(Self.snapshot)
    press(&interface, "1", "f")
    let lines = screen(&interface, width: width, height: 400).split(separator: "\n")
    let top = try #require(lines.firstIndex { $0.contains("Fields of") })
    #expect(!lines[(top + 1)...].dropLast().contains { $0.contains("…") }, "\(lines)")
  }
}
