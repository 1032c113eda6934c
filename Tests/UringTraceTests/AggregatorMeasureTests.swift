import Testing
import UringTrace

/// Tests of latencies, of the times that requests spend in each stage, and of rates.
@Suite struct AggregatorMeasureTests {
  @Test func latencyByRingAndOpcodeWithinOnePercent() throws {
    var stream = RecordStream()
    for number in 1...1000 {
      stream.submit(1, "READ")
      stream.time += UInt64(number) * 1_000_000 - 1_000
      stream.complete(1, 1)
    }
    stream.submit(1, "WRITE")
    stream.complete(1, 1)
    let snapshot = stream.snapshot()
    #expect(snapshot.latency.map(\.opcode) == [op("READ"), op("WRITE")])
    let read = try #require(snapshot.latency.first).summary
    #expect(read.count == 1000)
    for (value, expected) in [
      (read.p50, 500e6), (read.p90, 900e6), (read.p99, 990e6), (read.p999, 999e6),
      (read.max, 1000e6),
    ] {
      #expect(abs(Double(value) - expected) / expected < 0.01)
    }
    #expect(abs(read.mean - 500.5e6) / 500.5e6 < 0.01)
    #expect(snapshot.rings[0].latency.count == 1001)
    #expect(snapshot.rings[0].latency.max == read.max)
  }

  @Test func bucketsHoldEveryRequestOnce() throws {
    var stream = RecordStream()
    for number in 1...500 {
      stream.submit(1, "READ")
      stream.time += UInt64(number * number)
      stream.complete(1, 1)
    }
    let latency = try #require(stream.snapshot().latency.first)
    #expect(latency.buckets.reduce(0) { $0 + $1.count } == 500)
    let bounds = latency.buckets.map(\.upperBound)
    #expect(bounds == bounds.sorted())
    #expect(Set(bounds).count == bounds.count)
    #expect(bounds.last! >= 250_000)
    // The latencies span 1,001 to 251,000 ns: eight doublings of about eight buckets each.
    #expect((40...72).contains(bounds.count))
  }

  /// Nothing completes in second 11. Second 13 has not ended yet.
  @Test func latenciesBySecond() throws {
    let second: UInt64 = 1_000_000_000
    var stream = RecordStream()
    stream.time = 10 * second
    func complete(after latency: UInt64) {
      stream.submit(1, "READ")
      // Each record advances the stream's clock by 1 µs.
      stream.time += latency - 1_000
      stream.complete(1, 1)
    }
    for _ in 1...99 { complete(after: 1_000) }
    complete(after: 50_000_000)
    stream.time = 12 * second
    complete(after: 4_000)
    stream.time = 13 * second
    complete(after: 8_000)
    let seconds = try #require(stream.snapshot().latency.first).seconds
    #expect(seconds.map(\.start) == [10 * second, 12 * second, 13 * second])
    #expect(seconds.map(\.count) == [100, 1, 1])
    for (value, exact) in [
      (seconds[0].p50, 1_000.0), (seconds[0].p99, 1_000), (seconds[0].max, 50e6),
      (seconds[1].p50, 4_000), (seconds[2].max, 8_000),
    ] {
      #expect(Double(value) >= exact && Double(value) <= exact * 1.125, "\(value)")
    }
  }

  @Test func onlyTheLastMinuteIsKept() throws {
    var stream = RecordStream()
    for number in 1...200 {
      stream.time = UInt64(number) * 1_000_000_000
      stream.submit(1, "READ")
      stream.complete(1, 1)
    }
    let seconds = try #require(stream.snapshot().latency.first).seconds
    #expect(seconds.map { $0.start / 1_000_000_000 } == Array(141...200))
  }

  @Test func timeInEachStage() throws {
    var stream = RecordStream()
    let start = stream.time
    stream.submit(1, "RECV")
    stream.time = start + 1_000
    stream.fileGet(1)
    stream.time = start + 3_000
    stream.pollArm(1)
    stream.time = start + 10_000
    stream.taskAdd(1)
    stream.time = start + 14_000
    stream.queueAsyncWork(1)
    stream.time = start + 30_000
    stream.complete(1, 1)
    let latency = try #require(stream.snapshot().latency.first)
    let total = { latency.stageTotals[Int($0 as UInt8)] }
    #expect(total(Stage.held.rawValue) == 0)
    #expect(total(Stage.issued.rawValue) == 3_000)
    #expect(total(Stage.poll.rawValue) == 7_000)
    #expect(total(Stage.taskWork.rawValue) == 4_000)
    #expect(total(Stage.worker.rawValue) == 16_000)
  }

  @Test func veryLongLatencyIsKept() {
    var stream = RecordStream()
    stream.submit(1, "READ")
    stream.time = .max - 1
    stream.complete(1, 1)
    #expect(stream.snapshot().latency.first?.summary.count == 1)
  }

  @Test func ratesOverTheLastSecondAndMinute() {
    var stream = RecordStream()
    // 1,000 requests a second for ten seconds, then 100 a second for two.
    for millisecond in 0..<12_000 where millisecond < 10_000 || millisecond % 10 == 0 {
      stream.time = 50_000_000_000 + UInt64(millisecond) * 1_000_000
      stream.submit(1, "READ")
      stream.complete(1, millisecond % 100 == 0 ? -5 : 1000)
    }
    var aggregator = stream.replay()
    aggregator.advance(to: 62_000_000_000)
    let snapshot = aggregator.snapshot()
    let second = snapshot.rings[0].lastSecond
    #expect(abs(second.submitted - 100) < 2)
    #expect(abs(second.completed - 100) < 2)
    #expect(abs(second.errors - 10) < 1)
    #expect(abs(second.bytesRead - 90_000) < 2_000)
    // Only twelve seconds have been observed, so `lastMinute` is the average over these twelve
    // seconds.
    #expect(abs(snapshot.rings[0].lastMinute.submitted - 10_200 / 12) < 10)
    #expect(snapshot.lastSecond == second)
  }

  /// Six requests in the first millisecond are no 6,000 requests per second.
  @Test func ratesAreNotExtrapolatedFromTheFirstMoments() throws {
    var stream = RecordStream()
    for _ in 0..<6 { stream.submit(1, "READ") }
    var aggregator = stream.replay()
    let start = stream.time
    for (milliseconds, isMeasured) in [(1, false), (200, false), (300, true), (2_000, true)] {
      aggregator.advance(to: start + UInt64(milliseconds) * 1_000_000)
      let snapshot = aggregator.snapshot()
      for rates in [snapshot.lastSecond, snapshot.lastMinute, snapshot.rings[0].lastSecond] {
        #expect((rates.ifMeasured != nil) == isMeasured, "\(milliseconds) ms")
      }
    }
    let minute = try #require(aggregator.snapshot().lastMinute.ifMeasured)
    #expect(abs(minute.submitted - 3) < 0.01)
  }

  @Test func ratesFallToZeroWhenNothingHappens() {
    var stream = RecordStream()
    for _ in 0..<100 {
      stream.submit(1, "READ")
      stream.complete(1, 1)
    }
    var aggregator = stream.replay()
    aggregator.advance(to: 4_000_000_000)
    #expect(aggregator.snapshot().lastSecond.submitted == 0)
    #expect(aggregator.snapshot().lastMinute.submitted > 0)
    aggregator.advance(to: 100_000_000_000)
    #expect(aggregator.snapshot().lastMinute.submitted == 0)
    #expect(aggregator.snapshot().time == 100_000_000_000)
  }

  @Test func timeOfADamagedRecordDoesNotStopTheClock() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    let time = stream.time
    stream.time = .max - 5
    stream.submit(2, userData: 2)
    stream.time = time
    stream.submit(3, userData: 3)
    #expect(stream.snapshot().time == time)
  }

  @Test func bytesGoByDirection() {
    var stream = RecordStream()
    for (opcode, bytes) in [("READV", 1), ("RECVMSG", 10), ("WRITE", 100), ("SENDMSG", 1000)] {
      stream.submit(1, opcode)
      stream.complete(1, Int32(bytes))
    }
    for opcode in ["OPENAT", "POLL_ADD", "URING_CMD", "SPLICE"] {
      stream.submit(1, opcode)
      stream.complete(1, 7)
    }
    let counts = stream.snapshot().counts
    #expect(counts.bytesRead == 11)
    #expect(counts.bytesWritten == 1100)
  }
}
