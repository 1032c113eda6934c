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

  /// A tick of the rate clock visits only rings that may have changed. Their rates must be the same
  /// as if each tick visited all rings.
  @Test func ratesOfQuietRingsAreThoseOfAllTicks() {
    var clock = RateClock(start: 1_000_000_000_000)
    var rings = RingTracker(closedLimit: 1)
    rings.start(at: clock.tick)
    let quiet = rings.add(4096, time: clock.now)!
    let busy = rings.add(8192, time: clock.now)!
    rings[quiet].ring.counts.submitted = 80
    func pass(_ ticks: UInt64) {
      for _ in 0..<ticks {
        rings[busy].ring.counts.submitted += 10
        rings.sample(at: clock.advance(over: clock.nextTick)!)
      }
    }
    func second(_ ring: Handle<RingState>) -> Double {
      rings[ring].rates.lastSecond(RateCounters(rings[ring].ring.counts), clock: clock).submitted
    }
    func minute(_ ring: Handle<RingState>) -> Double {
      rings[ring].rates.lastMinute(RateCounters(rings[ring].ring.counts), clock: clock).submitted
    }
    pass(8)
    #expect(second(quiet) == 80 && second(busy) == 80)
    pass(24)
    #expect(second(quiet) == 0 && second(busy) == 80)
    #expect(minute(quiet) == 20 && minute(busy) == 80)
    rings[quiet].ring.counts.submitted += 40
    #expect(second(quiet) == 40)
    pass(1)
    #expect(second(quiet) == 40)
    pass(8)
    #expect(second(quiet) == 0)
    #expect(rings.total.submitted == 120 + 41 * 10)
    #expect(rings.rates(clock).lastSecond.submitted == 80)
    pass(61 * 8)
    #expect(minute(quiet) == 0 && minute(busy) == 80)
    _ = rings.close(quiet, time: clock.now)
    _ = rings.close(busy, time: clock.now)
    rings.forget(quiet)
    #expect(rings.total.submitted == 120 + 529 * 10)
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
