import CRecord
import Testing
import UringTrace

/// What a damaged recording must not do: crash, or be taken for truth.
@Suite struct AggregatorRobustnessTests {
  @Test(arguments: [
    RecordKind.create, .submit, .complete, .link, .failLink, .cqeOverflow, .ringFound, .lost,
    .taskName, .end, .freed,
  ])
  func recordTooShortForItsKindIsSkipped(kind: RecordKind) {
    var stream = RecordStream()
    stream.raw([1_000, 4096, 512, 24 << 32 | UInt64(kind.rawValue) << 48])
    let snapshot = stream.snapshot()
    #expect(snapshot.damagedRecordCount == 1)
    #expect(snapshot.recordCount == 1)
    #expect(snapshot.rings.isEmpty)
    #expect(snapshot.requests.isEmpty)
  }

  @Test(arguments: [UInt8(0), 19, 63, 73, 255])
  func unknownKindIsSkipped(kind: UInt8) {
    var stream = RecordStream()
    stream.raw([1_000, 4096, 512, 32 << 32 | UInt64(kind) << 48])
    var aggregator = stream.replay()
    #expect(aggregator.lastEvent == nil)
    #expect(aggregator.snapshot().damagedRecordCount == 1)
  }

  @Test func recordWithoutRingOrRequestIsSkipped() {
    var stream = RecordStream()
    stream.submit(0, userData: 1)
    stream.submit(1, ring: 0, userData: 1)
    let snapshot = stream.snapshot()
    #expect(snapshot.damagedRecordCount == 2)
    #expect(snapshot.rings.isEmpty)
  }

  @Test func sizeFieldOfASoundRecordCutShort() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.resizeLast(to: 64)
    #expect(stream.snapshot().damagedRecordCount == 1)
  }

  @Test func fileNameLongerThanItsRecordIsSkipped() {
    var stream = RecordStream()
    stream.fileName(fd: 3, "abc", claimedLength: 4_000_000_000)
    let snapshot = stream.snapshot()
    #expect(snapshot.damagedRecordCount == 1)
    #expect(snapshot.fileNames.descriptors.isEmpty)
  }

  @Test func textThatIsNoUTF8() {
    var stream = RecordStream()
    stream.create(comm: "ok")
    stream.raw([1, 0, 0, 9 | 56 << 32 | 67 << 48, 0, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff])
    #expect(stream.snapshot().taskNames[9]?.isEmpty == false)
  }

  /// Sound headers and otherwise noise, over few addresses so that records meet.
  @Test(arguments: 1...20) func noise(seed: UInt64) {
    var random = SeededRandom(state: seed)
    var limits = Aggregator.Limits()
    limits.history = Int(seed % 4) * 5
    limits.closedRings = Int(seed % 3)
    var aggregator = RecordStream().replay(limits: limits)
    let kinds = Array(UInt64(0)...20) + Array(UInt64(62)...75)
    for _ in 0..<20_000 {
      var words = (0..<20).map { _ in random.next() }
      words[0] = seed % 2 == 0 ? random.next() : random.next() % 1_000_000_000
      words[1] = random.next() % 5 * 4096
      words[2] = random.next() % 12 * 256
      let size: UInt64 = random.next() % 10 == 0 ? random.next() % 160 : 160
      words[3] =
        size << 32 | kinds[Int(random.next() % UInt64(kinds.count))] << 48
        | random.next() % 70 << 56 | random.next() % 8
      // Other requests' addresses: link targets, notifications.
      words[4] = random.next() % 12 * 256
      if random.next() % 4 == 0 { words[5] = random.next() % 12 * 256 }
      words.withUnsafeBytes {
        aggregator.consume($0.baseAddress!.assumingMemoryBound(to: record.self))
      }
    }
    let snapshot = aggregator.snapshot()
    #expect(snapshot.recordCount == 20_000)
    #expect(snapshot.requests.allSatisfy { !$0.state.isFinal })
    #expect(snapshot.recent.allSatisfy { $0.state.isFinal })
    #expect(snapshot.recent.count <= limits.history)
    #expect(
      Set((snapshot.requests + snapshot.recent).map(\.id)).count
        == snapshot.requests.count + snapshot.recent.count)
    // One address has one request at most, beside those that await a notification.
    let addresses = snapshot.requests.filter { $0.state != .awaitingNotification }.map(\.address)
    #expect(Set(addresses).count == addresses.count)
    for ring in snapshot.rings {
      #expect(Int(ring.inFlight) == snapshot.requests.count { $0.ring == ring.id })
    }
    for chain in snapshot.chains {
      #expect(!chain.members.isEmpty)
      #expect(Set(chain.members.map(\.request)).count == chain.members.count)
    }
    for request in snapshot.requests where request.chain != 0 {
      let chain = snapshot.chains.first { $0.id == request.chain }
      #expect(chain?.members.contains { $0.request == request.id } == true)
    }
  }
}

/// Numbers that are the same in each run (xorshift64*).
struct SeededRandom {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
