import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the chart of latencies by second, which is below the histogram.
@Suite struct LatencyTimeChartTests: InterfaceSuite {
  private static let second: UInt64 = 1_000_000_000

  private static func latency(_ seconds: [(age: UInt64, p50: UInt64, p99: UInt64)]) -> OpcodeLatency
  {
    var latency = Make.latency(opcode: 22, [(1_000, 90), (50_000, 10)])
    let now = Make.snapshot(rings: [], latency: [], at: 100).time
    latency.seconds = seconds.map {
      LatencySecond(
        start: now / second * second - $0.age * second, count: 1, p50: $0.p50, p99: $0.p99,
        max: $0.p99)
    }
    return latency
  }

  private func chart(_ latency: OpcodeLatency, width: Int, height: Int) -> [Substring] {
    var interface = interface(
      Make.snapshot(rings: [Make.ring(1)], latency: [latency], at: 100))
    press(&interface, "3")
    let text = screen(&interface, width: width, height: height)
    return text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test(arguments: [(80, 24), (120, 35), (200, 60)])
  func theScaleNamesTheSlowestSecondAndTheTimes(width: Int, height: Int) throws {
    let lines = chart(
      Self.latency([(50, 1_000_000, 2_000_000), (1, 4_000_000, 20_000_000)]), width: width,
      height: height)
    let title = try #require(lines.firstIndex { $0.contains("by second:") }, "\(lines)")
    #expect(lines[title + 1].contains("20.0ms"), "\(lines)")
    let axis = try #require(lines[title...].firstIndex { $0.contains("60s ago") }, "\(lines)")
    #expect(lines[axis].contains("30s") && lines[axis].contains("0s"))
    #expect(lines[title + 1..<axis].contains { $0.contains("•") })
  }

  @Test func aMinuteWithoutCompletionsIsSaidToBeOne() {
    let lines = chart(Self.latency([]), width: 80, height: 24)
    #expect(lines.contains { $0.contains("no request completed in the last minute") }, "\(lines)")
  }

  @Test func theRunningSecondIsShown() throws {
    let lines = chart(Self.latency([(0, 1_000_000, 2_000_000)]), width: 80, height: 24)
    let title = try #require(lines.firstIndex { $0.contains("by second:") }, "\(lines)")
    #expect(lines[title + 1].contains("2.00ms") && lines[title + 1].hasSuffix("█"), "\(lines)")
  }

  @Test func secondsBeforeAResetAreNotShown() {
    let before = Make.snapshot(
      rings: [Make.ring(1)], latency: [Self.latency([(5, 1, 1)])], at: 98)
    let after = Make.snapshot(
      rings: [Make.ring(1)], latency: [Self.latency([(5, 1, 1), (1, 2, 2)])], at: 100)
    let seconds = LatencyReset(before).latencies(in: after).flatMap(\.seconds)
    #expect(seconds.allSatisfy { $0.start >= before.time })
  }
}
