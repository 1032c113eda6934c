import Testing

@testable import UringFindings
@testable import UringSources
@testable import UringTrace
@testable import UringUI

/// Tests of keys that lead nowhere: the notice says why, and which key leads further.
@Suite struct ReachTests: InterfaceSuite {
  /// A request that holds back another request, which is a finding.
  private static let stalled = Make.snapshot(
    rings: [Make.ring(1, inFlight: 2)],
    requests: [
      Make.request(5, state: .pollArmed), Make.request(6, opcode: 0, state: .deferred),
    ], at: 5)

  @Test func theMissingGroupOfARequestWithAFindingNamesTheKeyForTheFinding() throws {
    var interface = interface(Self.stalled)
    let findings = try #require(interface.scene?.findings(about: 5))
    try #require(!findings.isEmpty)
    press(&interface, "G")
    #expect(
      interface.notice?.0.text == "no group is known for this row; Enter leads to its finding")
    press(&interface, .enter)
    let text = screen(&interface, height: 40)
    for row in findings { #expect(text.contains("Finding    \(row.finding.tag)"), "\(text)") }
    press(&interface, "G")
    #expect(interface.notice?.0.text.contains("Enter leads to its finding") == true)
    press(&interface, .enter)
    #expect(interface.details.last?.name.hasPrefix("Finding ") == true)
  }

  @Test func withoutAFindingOnlyTheMissingGroupIsNamed() {
    var interface = interface()
    press(&interface, "2", "G")
    #expect(interface.notice?.0.text == "no group is known for this row")
  }

  /// A multishot request counts from its first CQE on: the only requests of a latency can be in
  /// flight.
  @Test func aLatencyOfRequestsInFlightListsThem() {
    var snapshot = Self.workload
    snapshot.latency = [Make.latency(opcode: 13, [(1_000, 1)])]
    var accept = Make.request(77, opcode: 13, state: .pollArmed, startedAt: 1, userData: 0xacce)
    accept.hasResult = true
    snapshot.requests = [accept]
    snapshot.recent = []
    var interface = interface(snapshot)
    press(&interface, "3", .enter)
    let text = screen(&interface, width: 120, height: 40)
    #expect(text.contains("0xacce") && text.contains("op=ACCEPT ring=1"), "\(text)")
  }

  @Test func aLatencyWhoseRequestsLeftTheHistorySaysSo() {
    var snapshot = Self.workload
    snapshot.latency.append(Make.latency(opcode: 23, [(1_000, 10)]))
    var interface = interface(snapshot)
    press(&interface, "3")
    let row = { (interface: Interface) in (interface.focusedPane as? LatencyPane)?.table.selectedRow
    }
    if row(interface)?.opcode.rawValue != 23 { press(&interface, .down) }
    #expect(row(interface)?.opcode.rawValue == 23)
    press(&interface, .enter)
    let text = screen(&interface, width: 120, height: 40)
    #expect(text.contains("the requests of this row have left the history"), "\(text)")
    #expect(!text.contains("no row matches the filter"), "\(text)")
    #expect(interface.focusedPane.name == "Latency")
  }

  @Test func aLatencyWhoseRequestsAreKeptListsThem() {
    var interface = interface()
    press(&interface, "3", .enter)
    #expect(interface.focusedPane.name == "Recent")
    #expect(interface.focusedPane.filter == "op=READ ring=1")
  }

  @Test func aKeyOfTheOtherModeIsExplainedInOneReading() {
    var replay = interface(timeline: Self.timeline)
    press(&replay, "r")
    #expect(
      replay.notice?.0.text
        == "r works only in a live capture (ask the kernel again which requests are in flight)")
  }

  @Test func theTextOfAnEmptyListOnASelectedRingHasTheReason() {
    var options = UserInterfaceOptions()
    options.seesEveryRequest = false
    var interface = interface(options: options)
    press(&interface, .tab, .down, .down, .tab, "2")
    let text = screen(&interface, width: 120)
    #expect(interface.scene?.ring == 2)
    #expect(
      text.contains(
        "no request selected by the command-line options has ended yet on the selected ring"),
      "\(text)")
  }

  /// The name of a connected socket and the description of its state both contain its addresses.
  @Test(arguments: [
    ("tcp 10.0.0.1:80 → 10.0.0.2:4711", "tcp 10.0.0.1:80, peer 10.0.0.2:4711, established"),
    ("tcp 0.0.0.0:80 listening", "tcp 0.0.0.0:80, listening"),
    ("unix @own → /run/peer", "unix stream @own, peer /run/peer, peer process postgres/77"),
    ("pipe:[77]", "write end: server/4242 fd 8"),
    ("socket:[7]", "tcp 10.0.0.1:80, peer 10.0.0.2:4711, established"),
  ]) func addressesAreNamedOnce(name: String, state: String) {
    var request = Make.request(5, fd: 7, state: .pollArmed)
    request.place = .poll
    request.pollEvents = 4
    var snapshot = Make.snapshot(rings: [Make.ring(1, inFlight: 1)], requests: [request])
    snapshot.fileNames.descriptors[.init(tgid: request.submitterTgid, fd: 7)] = name
    snapshot.fileStates[5] = FileState(
      pollEvents: 0, receiveBytes: nil, sendBytes: 0, text: state, time: Make.start)
    var interface = interface(snapshot)
    press(&interface, .enter)
    let text = screen(&interface, width: 200, height: 40)
    let rest =
      [
        "tcp 10.0.0.1:80 → 10.0.0.2:4711": " (established)", "tcp 0.0.0.0:80 listening": "",
        "unix @own → /run/peer": " (peer process postgres/77)",
      ][name] ?? " (\(state))"
    #expect(text.contains("POLLOUT of \(name), which is not ready\(rest)"), "\(text)")
  }
}
