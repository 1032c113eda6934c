import CRecord
import Testing

@testable import UringDocuments
@testable import UringTrace

/// Tests of the aggregator's fast path for plain submissions and completions. The fast path must
/// produce the same results as the general path.
@Suite struct AggregatorPlainTests {
  /// Returns a random stream of records about few requests. Some records have a property that
  /// excludes them from the fast path.
  private static func stream(seed: UInt64) -> RecordStream {
    var random = SeededRandom(state: seed)
    func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }
    var stream = RecordStream()
    let opcodes = ["NOP", "READ", "WRITE", "POLL_ADD", "TIMEOUT", "RECV"]
    for _ in 0..<5_000 {
      let request = 1 + Int(random.next() % 24)
      let ring = 1 + random.next() % 8 / 7
      stream.time &+= random.next() % 100_000
      switch random.next() % 16 {
      case 0...6:
        let fills = chance(12)
        stream.submit(
          request, opcodes[Int(random.next() % 6)], ring: ring, userData: random.next() % 40,
          flags: chance(20) ? .cqeSkipSuccess : [], notification: chance(40) ? 50 + request : 0,
          isSQEKnown: !chance(30)
        ) { if fills { $0.ioprio = 0xffff } }
      case 7...12:
        stream.complete(
          request, Int32(truncatingIfNeeded: random.next() % 5) * 100 - (chance(9) ? 300 : 0),
          flags: chance(10) ? .more : [])
      case 13: stream.fileGet(request)
      case 14: chance(2) ? stream.pollArm(request) : stream.taskAdd(request)
      default:
        switch random.next() % 8 {
        case 0: stream.lost(3)
        case 1: stream.link(request, to: 1 + Int(random.next() % 24))
        case 2: stream.failLink(request, cancels: 1 + Int(random.next() % 24))
        case 3: stream.ringClosed(ring)
        case 4: stream.prepareFails(request, error: -22, ring: ring, userData: random.next() % 40)
        case 5: stream.time &+= 200_000_000
        case 6: stream.time &-= 150_000
        default: stream.wait(ring, for: 1)
        }
      }
    }
    return stream
  }

  private static func newAggregator() -> Aggregator {
    var limits = Aggregator.Limits()
    limits.history = 10
    limits.events = 300
    return Aggregator(
      host: HostDescription(kernel: "", tier: "", startTime: 0, startRealtime: 0), limits: limits)
  }

  private static func text(_ aggregator: inout Aggregator) -> [String] {
    let snapshot = aggregator.snapshot()
    let document = SnapshotDocument(snapshot, toolVersion: "")
    return [String(decoding: document.encoded(), as: UTF8.self)]
      + snapshot.events.map { "\($0)" } + snapshot.recent.map { "\($0.steps) \($0.lastTime)" }
      + snapshot.latency.map { "\($0.summary) \($0.stageTotals[0]) \($0.stageTotals[1])" }
  }

  @Test(arguments: 1...30) func shortWayIsTheLongWay(seed: UInt64) {
    let stream = Self.stream(seed: seed)
    var short = Self.newAggregator()
    stream.consume(into: &short)
    var long = Self.newAggregator()
    for words in stream.records {
      words.withUnsafeBytes {
        long.stream.records += 1
        long.consumeAny($0.baseAddress!.assumingMemoryBound(to: record.self))
      }
    }
    #expect(Self.text(&short) == Self.text(&long))
  }

  @Test(arguments: 1...5) func manyAtOnceAreAsOneByOne(seed: UInt64) {
    let stream = Self.stream(seed: seed)
    var single = Self.newAggregator()
    stream.consume(into: &single)
    var many = Self.newAggregator()
    for start in stride(from: 0, to: stream.records.count, by: 700) {
      let words = stream.records[start...].prefix(700).flatMap { $0 }
      words.withUnsafeBytes { many.consume(contentsOf: $0) }
    }
    #expect(Self.text(&single) == Self.text(&many))
  }
}
