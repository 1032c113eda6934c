import Testing
import UringFindings
import UringTrace

@testable import UringUI

/// Tests of the list of findings and of a finding's page.
@Suite struct FindingsPaneTests {
  /// A request that holds back another request, and CQEs that overflowed.
  private static let snapshot: Snapshot = {
    var ring = Make.ring(1, pid: 100, comm: "server", inFlight: 2)
    ring.counts.overflows = 3
    return Make.snapshot(
      rings: [ring, Make.ring(2, pid: 200, comm: "other")],
      requests: [
        Make.request(11, state: .pollArmed, startedAt: 1, userData: 0xbad),
        Make.request(12, opcode: 0, state: .deferred, startedAt: 1),
      ],
      recent: [
        Make.request(9, state: .overflowed, startedAt: 2, userData: 0xfeed, result: 4096)
      ],
      at: 5)
  }()

  private func interface(_ snapshot: Snapshot = snapshot) -> Interface {
    var interface = Interface(options: UserInterfaceOptions())
    interface.update(snapshot, timeline: nil)
    return interface
  }

  private func screen(_ interface: inout Interface, width: Int = 120, height: Int = 30) -> String {
    var canvas = Canvas(width: width, height: height)
    interface.draw(into: &canvas)
    return canvas.text
  }

  private func press(_ interface: inout Interface, _ keys: Key...) {
    for key in keys { _ = interface.handle(.key(key)) }
  }

  @Test func findingsAreListedWithWhatWasSeen() {
    var interface = interface()
    press(&interface, "7")
    let text = screen(&interface)
    for part in ["warn  cq-overflow", "server/100", "3 CQEs did not fit", "drain-stall"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func theHeaderCountsWhatIsBad() {
    var interface = interface()
    #expect(screen(&interface).contains("2 warn"))
    var quiet = self.interface(Make.snapshot(rings: [Make.ring(1)], at: 5))
    #expect(!screen(&quiet).contains("warn"))
    press(&quiet, "7")
    #expect(screen(&quiet).contains("nothing was found"))
  }

  @Test func rulesThatWereNotEvaluatedAreNamedBelow() {
    var young = interface(Make.snapshot(rings: [Make.ring(1)], at: 2))
    press(&young, "7")
    #expect(
      screen(&young, width: 160).contains("not evaluated: watched for 2 s; lost-wake, deadlock"))
    var old = interface(Make.snapshot(rings: [Make.ring(1)], at: 5))
    press(&old, "7")
    #expect(!screen(&old, width: 160).contains("not evaluated"))
  }

  @Test(arguments: [(60, 15), (80, 24), (120, 35)])
  func theRulesThatWereNotEvaluatedAreAllOnTheScreen(width: Int, height: Int) {
    var young = interface(Make.snapshot(rings: [Make.ring(1)], at: 2))
    press(&young, "7")
    let shown = screen(&young, width: width, height: height)
    let text = shown.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for line in UnevaluatedRule.lines(young.scene!.notEvaluated) {
      #expect(text.contains(line), "\(shown)")
    }
  }

  @Test func theHeaderCountsRequestsThatAreNotListed() {
    var snapshot = Self.snapshot
    snapshot.rings[0].notListed = 61
    var interface = interface(snapshot)
    #expect(screen(&interface).contains("In flight 2 (+61 not listed)"))
  }

  @Test func enterShowsMeaningAndCureAndLeadsToRequests() {
    var interface = interface()
    press(&interface, "7", .down, .enter)
    let text = screen(&interface)
    for part in ["Finding drain-stall", "Means", "Do", "0xbad", "Requests"] {
      #expect(text.contains(part), "\(part)")
    }
    press(&interface, .down, .enter)
    #expect(screen(&interface).contains("Request 11"))
    press(&interface, .escape)
    #expect(screen(&interface).contains("Finding drain-stall"))
  }

  @Test func theRequestThatShowsItBestIsOneKeyAway() {
    var interface = interface()
    press(&interface, "7", "G")
    #expect(screen(&interface).contains("Request 9"))
  }

  @Test func theWorstFindingAboutARingIsOneKeyAway() {
    var interface = interface()
    press(&interface, .backTab, .down, "G")
    #expect(screen(&interface).contains("Finding cq-overflow"))
    press(&interface, .escape, .backTab, .down, "G")
    #expect(screen(&interface).contains("no finding is known for this row"))
  }

  @Test func aRequestLeadsToWhatWasFoundAboutIt() {
    var interface = interface()
    press(&interface, "1", .enter)
    #expect(screen(&interface).contains("Finding    drain-stall"))
    press(&interface, .down, .enter)
    #expect(screen(&interface).contains("Finding drain-stall"))
    #expect(screen(&interface).contains("Means"))
  }

  @Test func aSelectedRingShowsItsFindingsOnly() {
    var interface = interface()
    press(&interface, "7")
    var scene = Scene(Self.snapshot, ring: 2)
    scene.findings = interface.scene?.findings ?? []
    #expect(scene.findings.count == 2)
    let passes = FindingsContent.includes(scene)
    #expect(scene.findings.allSatisfy { passes?($0) == false })
  }

  @Test func aFindingThatPassesStaysWhileItIsLookedAt() {
    var interface = interface()
    press(&interface, "7", .down, .enter)
    interface.update(Make.snapshot(rings: [Make.ring(1)], at: 6), timeline: nil)
    let text = screen(&interface)
    #expect(text.contains("no longer holds"))
    #expect(text.contains("Means") && text.contains("Last seen"))
  }

  @Test func keysOfFindingsDiffer() {
    var findings = Diagnosis()
    let found = findings.findings(in: Self.snapshot)
    let rows = FindingRow.rows(found + found)
    #expect(Set(rows.map(\.key.hash)).count == 4)
  }

  @Test func textIsWrappedBetweenWords() {
    #expect("one two three".wrapped(to: 7) == ["one two", "three"])
    #expect("one".wrapped(to: 2) == ["on", "e"])
    #expect("".wrapped(to: 5) == [""])
  }
}
