import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the large histogram of latencies.
struct LatencyChartTests {
  /// All eight buckets of each doubling from 1 µs to 1 ms, with ten requests each.
  private static let full: OpcodeLatency = {
    var bounds: [UInt64] = []
    for doubling in 10..<20 {
      for eighth in 1...8 {
        bounds.append((UInt64(1) << doubling) + UInt64(eighth) << (doubling - 3) - 1)
      }
    }
    return Make.latency(opcode: 22, bounds.map { ($0, 10) })
  }()

  private static let axis = LogAxis(
    from: full.buckets[0].boundBelow, through: full.buckets.last!.upperBound)

  @Test(arguments: [10, 24, 80, 160, 200, 300])
  func noColumnBetweenFullBucketsIsEmpty(width: Int) {
    let counts = LatencyChart.counts(Self.full, axis: Self.axis, width: width)
    #expect(counts.count == width)
    #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
  }

  /// The first bucket is as wide as the others, so with as many requests it is about as high.
  @Test func theFirstBucketIsNotHigherThanTheOthers() {
    let counts = LatencyChart.counts(Self.full, axis: Self.axis, width: 300)
    #expect(counts[0] < 2 * counts[20], "\(counts)")
  }

  @Test func anEmptyBucketStaysEmpty() {
    var latency = Self.full
    latency.buckets.remove(at: 40)
    let counts = LatencyChart.counts(latency, axis: Self.axis, width: 200)
    #expect(counts.contains(0))
    #expect(counts.filter { $0 == 0 }.count <= 5)
  }

  /// A request is counted once, in however many columns its bucket is drawn.
  @Test(arguments: [10, 80, 200, 300]) func theSumIsThatOfTheRequests(width: Int) {
    let counts = LatencyChart.counts(Self.full, axis: Self.axis, width: width)
    let sum = counts.reduce(0, +)
    let expected = Self.full.summary.count * LatencyChart.scale
    #expect(sum <= expected && sum > expected * 99 / 100)
  }
}
