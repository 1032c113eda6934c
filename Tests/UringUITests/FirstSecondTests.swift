import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the first second of a capture or recording, in which no rate is known yet.
@Suite struct FirstSecondTests: InterfaceSuite {
  /// Six requests within the first millisecond.
  private static let snapshot: Snapshot = {
    var rates = Rates()
    (rates.submitted, rates.completed, rates.bytesRead) = (6_000, 6_000, 4_096_000)
    rates.span = 1_000_000
    var ring = Make.ring(1)
    (ring.lastSecond, ring.lastMinute) = (rates, rates)
    var snapshot = Make.snapshot(rings: [ring], at: 0.001)
    (snapshot.lastSecond, snapshot.lastMinute) = (rates, rates)
    return snapshot
  }()

  @Test(arguments: [(40, 10), (80, 24), (200, 60)])
  func noRateIsExtrapolated(width: Int, height: Int) {
    var interface = interface(Self.snapshot)
    let text = screen(&interface, width: width, height: height)
    #expect(!text.contains("6.00k"), "\(text)")
    #expect(text.contains(height < 16 ? "req/s -" : "Requests/s -"), "\(text)")
    #expect(!text.contains("M/s"), "\(text)")
  }

  @Test func afterASecondRatesAreShown() {
    var snapshot = Self.snapshot
    snapshot.lastSecond.span = 1_000_000_000
    var interface = interface(snapshot)
    #expect(screen(&interface).contains("Requests/s 6.00k"))
  }

  @Test func theHistoryOfRatesBeginsWithTheFirstKnownRate() {
    var interface = interface(Self.snapshot)
    #expect(interface.rateHistory.isEmpty)
    var next = Self.snapshot
    next.time += 1_000_000_000
    next.recordCount += 1
    next.lastSecond.span = 1_000_000_000
    interface.update(next, timeline: nil)
    #expect(interface.rateHistory == [6_000])
  }
}
