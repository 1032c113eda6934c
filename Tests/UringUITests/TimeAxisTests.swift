import Testing

@testable import UringUI

@Suite struct TimeAxisTests {
  private let axis = TimeAxis(from: 1_000, to: 2_000)

  @Test func barsLieWhereTheirTimesAre() {
    #expect(axis.bar(from: 1_000, to: 1_500, width: 10) == "█████")
    #expect(axis.bar(from: 1_500, to: 2_000, width: 10) == "     █████")
    #expect(axis.bar(from: 1_700, to: 1_700, width: 10) == "       █")
  }

  @Test func whatReachesOutOfTheAxisHasAnArrow() {
    #expect(axis.bar(from: 500, to: 1_200, width: 10) == "◀█")
    #expect(axis.bar(from: 1_800, to: 9_000, width: 10) == "        █▶")
    #expect(axis.bar(from: 100, to: 200, width: 10) == "◀")
    #expect(axis.bar(from: 8_000, to: 9_000, width: 10) == "         ▶")
    #expect(axis.mark(500, "◆", width: 10) == "◀")
  }

  @Test func whatStillRunsEndsInAnArrow() {
    #expect(axis.bar(from: 1_500, to: 2_000, isOpen: true, width: 10) == "     ████▶")
  }

  @Test func theLoadIsBlankWhereNobodyRunsAndHighestWhereMostDo() {
    let load = axis.load([(1_000, 1_400), (1_200, 1_400), (1_800, 2_000)], width: 10)
    #expect(load == "▄▄██    ▄▄")
    #expect(axis.idle([(1_000, 1_400), (1_200, 1_400), (1_800, 2_000)]) == 400)
    #expect(axis.idle([]) == 1_000)
    #expect(axis.idle([(500, 5_000)]) == 0)
  }

  @Test func theScaleCountsRoundTimesFromItsOrigin() {
    let axis = TimeAxis(from: 0, to: 1_000_000, origin: 200_000)
    #expect(axis.scale(width: 40) == "────────┬0──────┬200µs──┬400µs──┬600µs──")
    #expect(axis.scale(width: 0) == "")
  }

  @Test func aGaugeIsFullOnlyWhenAllIsMoved() {
    #expect(Bars.gauge(0, of: 100, width: 5) == "░░░░░")
    #expect(Bars.gauge(1, of: 100, width: 5) == "█░░░░")
    #expect(Bars.gauge(99, of: 100, width: 5) == "████░")
    #expect(Bars.gauge(100, of: 100, width: 5) == "█████")
    #expect(Bars.gauge(700, of: 100, width: 5) == "█████")
    #expect(Bars.gauge(1, of: 0, width: 5) == "")
  }
}
