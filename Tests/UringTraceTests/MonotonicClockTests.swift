import Testing

@testable import UringBase

@Suite struct MonotonicClockTests {
  @Test func momentsThatHavePassedAreLeftOut() {
    func moment(_ now: UInt64) -> UInt64 {
      MonotonicClock.moment(after: 1_000, every: 100, now: now)
    }
    #expect(moment(900) == 1_100)
    #expect(moment(1_000) == 1_100)
    #expect(moment(1_099) == 1_100)
    #expect(moment(1_100) == 1_200)
    #expect(moment(1_555) == 1_600)
  }
}
