import Testing

@testable import UringTrace

@Suite struct RingTrackerTests {
  @Test func lookingUpARingDoesNotAddIt() {
    let rings = RingTracker(closedLimit: 2)
    #expect(rings.known(4096) == nil)
    #expect(rings.count == 0)
  }

  @Test func noContextIsTheRecentOneAtFirst() {
    var rings = RingTracker(closedLimit: 2)
    for context: UInt64 in [0, 1, .max] {
      let isRecent = rings.recent(context) != nil
      #expect(!isRecent)
    }
    let ring = rings.add(4096, time: 1)!
    let isSet = rings.recent(4096) != nil
    #expect(!isSet)
    rings.setRecent(ring, context: 4096)
    #expect(rings.recent(4096)?.handle == ring)
    let isOther = rings.recent(0) != nil
    #expect(!isOther)
  }

  @Test func forgottenRingIsNotFoundAndItsCountsStay() {
    var rings = RingTracker(closedLimit: 1)
    let first = rings.add(4096, time: 1)!
    let second = rings.add(8192, time: 1)!
    rings[first].ring.counts.submitted = 3
    #expect(rings.close(first, time: 5) == nil)
    #expect(rings.close(first, time: 6) == nil)
    #expect(rings.close(second, time: 7) == first)
    rings.forget(first)
    #expect(rings.known(4096) == nil)
    #expect(rings.handles == [second])
    #expect(rings.total.submitted == 3)
    let third = rings.add(4096, time: 9)!
    #expect(rings[third].ring.id == 3)
    #expect(rings.known(4096) == third)
    #if DEBUG
      rings.checkInvariants()
    #endif
  }

  @Test func reopenedRingIsNotForgotten() {
    var rings = RingTracker(closedLimit: 0)
    let first = rings.add(4096, time: 1)!
    #expect(rings.close(first, time: 5) == first)
    var kept = RingTracker(closedLimit: 1)
    let ring = kept.add(4096, time: 1)!
    #expect(kept.close(ring, time: 5) == nil)
    kept.reopen(ring)
    #expect(!kept[ring].ring.isClosed)
    #if DEBUG
      kept.checkInvariants()
    #endif
  }
}
