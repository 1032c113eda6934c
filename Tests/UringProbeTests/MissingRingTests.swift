import Testing

@testable import UringProbe

/// Tests of the reports that a ring has closed. uringtop makes them when its scans no longer find
/// the ring.
@Suite struct MissingRingTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func theSecondScanReportsTheTimeOfTheFirst() {
    var missing = MissingRing()
    #expect(missing.note(100) == .missed)
    #expect(missing.note(200) == .closed(100))
  }

  /// uringtop reports the close four times, at any scan interval. It repeats the report because the
  /// aggregator can discard it, and limits the repeats because hundreds of rings can close each
  /// second.
  @Test(arguments: [1_000_000, second, 100 * second])
  func itIsReportedFourTimesAndThenForgotten(interval: UInt64) {
    var missing = MissingRing()
    var (time, reports): (UInt64, [UInt64]) = (interval, [])
    while !missing.isReported {
      if case .closed(let since) = missing.note(time) { reports.append(since) }
      time += interval
    }
    #expect(reports.count == 4)
    #expect(reports[3] - reports[0] >= 42 * Self.second)
    #expect(missing.note(time) == .nothing)
  }
}
