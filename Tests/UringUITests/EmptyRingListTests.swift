import Testing

@testable import UringUI

/// Tests of the line with which the screen states that the command line's options select no ring.
/// The line must appear if no ring is selected, and only then.
@Suite struct EmptyRingListTests {
  private static let text = "no process selected by the options has a ring"

  @Test func optionsThatSelectNoRingAreNamed() {
    var scene = Scene(Make.snapshot())
    #expect(RequestsContent.emptyText(scene) != Self.text)
    scene.selectsRings = true
    #expect(RequestsContent.emptyText(scene) == Self.text)
  }

  @Test func aRingThatIsSelectedIsNotDenied() {
    var scene = Scene(Make.snapshot(rings: [Make.ring(1)]))
    scene.selectsRings = true
    #expect(RequestsContent.emptyText(scene) != Self.text)
  }
}
