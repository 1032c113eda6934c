import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the Latency pane's reset: after the key `z`, the pane counts only later completions.
@Suite struct LatencyResetTests: InterfaceSuite {
  private static func snapshot(_ latency: [OpcodeLatency], at seconds: Double) -> Snapshot {
    Make.snapshot(rings: [Make.ring(1)], latency: latency, at: seconds)
  }

  private static let before = snapshot(
    [Make.latency(opcode: 22, [(1_000, 90), (50_000, 10)])], at: 10)
  private static let after = snapshot(
    [
      Make.latency(opcode: 22, [(1_000, 90), (2_000, 8), (50_000, 12)]),
      Make.latency(opcode: 23, [(3_000, 1)]),
    ], at: 12)

  @Test func onlyWhatCompletedSinceIsCounted() throws {
    let latencies = LatencyReset(Self.before).latencies(in: Self.after)
    #expect(latencies.map(\.opcode.name) == ["READ", "WRITE"])
    let read = try #require(latencies.first)
    #expect(
      read.buckets == [.init(upperBound: 2_000, count: 8), .init(upperBound: 50_000, count: 2)])
    #expect(read.summary.count == 10)
    #expect(read.summary.p50 == 2_000 && read.summary.p90 == 50_000)
  }

  /// If snapshots contain complete histograms, percentiles since a reset are as exact as
  /// percentiles without a reset.
  @Test func percentilesAreExact() throws {
    func snapshot(_ records: [UInt64], at seconds: Double) -> Snapshot {
      var histogram = LatencyHistogram()
      for value in records { histogram.record(value) }
      var latency = Make.latency(opcode: 22, [])
      latency.summary = histogram.summary(sum: records.reduce(0, +))
      latency.buckets = histogram.buckets
      latency.counts = histogram.copy
      return Self.snapshot([latency], at: seconds)
    }
    let before = (1...1000).map { UInt64($0) * 1_000_000 }
    let since = (1...1000).map { UInt64($0) * 1_000 }
    let latencies = LatencyReset(snapshot(before, at: 10))
      .latencies(in: snapshot(before + since, at: 12))
    let summary = try #require(latencies.first).summary
    #expect(summary.count == 1000)
    for (value, exact) in [
      (summary.p50, 500e3), (summary.p90, 900e3), (summary.p99, 990e3), (summary.max, 1000e3),
    ] {
      #expect(abs(Double(value) - exact) / exact < 0.01, "\(value)")
    }
    #expect(abs(summary.mean - 500.5e3) / 500.5e3 < 0.01)
  }

  /// The maximum is that of completions since the reset, even if an earlier one was larger.
  @Test func theMaximumIsThatSinceTheReset() {
    let after = Self.snapshot(
      [Make.latency(opcode: 22, [(1_000, 90), (2_000, 8), (50_000, 10)])], at: 12)
    #expect(LatencyReset(Self.before).latencies(in: after)[0].summary.max == 2_000)
  }

  @Test func anOpcodeWithoutCompletionsIsLeftOut() {
    #expect(LatencyReset(Self.before).latencies(in: Self.before).isEmpty)
  }

  @Test func thePaneSaysSinceWhenItCounts() {
    var interface = interface(Self.before)
    press(&interface, "3", "z")
    #expect(screen(&interface).contains("no request has completed since the reset"))
    interface.update(Self.after, timeline: nil)
    #expect(screen(&interface, width: 120).contains("since the reset 2.00s ago; Z counts"))
    press(&interface, "Z")
    #expect(!screen(&interface, width: 120).contains("since the reset"))
  }

  @Test func aReplayThatGoesBackEndsTheReset() {
    var interface = interface(Self.after, timeline: Self.timeline)
    press(&interface, "3", "z")
    interface.update(Self.before, timeline: Self.timeline)
    #expect(!screen(&interface, width: 120).contains("since the reset"))
  }

  @Test func otherPanesHaveNothingToReset() {
    var interface = interface(Self.before)
    press(&interface, "1", "z")
    #expect(screen(&interface).contains("z has no function here"))
  }
}
