import Histogram
import Testing

@testable import UringTrace

/// Tests that compare `LatencyHistogram` with the package hdrhistogram-swift, which has the same
/// buckets but is slower.
@Suite struct LatencyHistogramTests {
  /// A pseudo-random sequence, the same in each run.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }

  /// Returns random latencies from nanoseconds to hours, with all magnitudes equally likely.
  private static func latencies(_ count: Int, seed: UInt64) -> [UInt64] {
    var generator = Generator(state: seed)
    return (0..<count).map { _ in
      let magnitude = UInt64.random(in: 0..<45, using: &generator)
      return UInt64.random(in: 0...(1 << magnitude), using: &generator)
    }
  }

  @Test(arguments: [1, 2, 10, 1_000, 100_000])
  func percentilesAreThoseOfHdrHistogram(count: Int) {
    var own = LatencyHistogram()
    var reference = Histogram<UInt64>(
      highestTrackableValue: LatencyHistogram.longest, numberOfSignificantValueDigits: .two)
    var sum: UInt64 = 0
    for value in Self.latencies(count, seed: UInt64(count)) {
      own.record(value)
      reference.record(value)
      sum += value
    }
    let summary = own.summary(sum: sum)
    #expect(summary.count == reference.totalCount)
    #expect(summary.max == reference.maxRecorded)
    for (percentile, value) in [
      (50, summary.p50), (90, summary.p90), (99, summary.p99), (99.9, summary.p999),
    ] {
      let expected = min(reference.valueAtPercentile(percentile), reference.maxRecorded)
      #expect(
        reference.valuesAreEquivalent(value, expected), "p\(percentile) of \(count)")
    }
    #expect(abs(summary.mean - reference.mean) <= 0.01 * reference.mean)
  }

  @Test func sumOfTwoIsThatOfAllValues() {
    var first = LatencyHistogram()
    var second = LatencyHistogram()
    var both = LatencyHistogram()
    for value in Self.latencies(5_000, seed: 1) {
      first.record(value)
      both.record(value)
    }
    for value in Self.latencies(5_000, seed: 2) {
      second.record(value)
      both.record(value)
    }
    first.add(second)
    #expect(first.summary(sum: 1) == both.summary(sum: 1))
  }
}
