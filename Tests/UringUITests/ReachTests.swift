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
}
