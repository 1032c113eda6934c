import CRecord
import Foundation
import SystemPackage
import Testing
import UringRecords

@testable import UringRecordings
@testable import UringTrace

/// A damaged recording must neither crash uringtop nor pass as intact.
@Suite struct AggregatorRobustnessTests {
  @Test(arguments: RandomRecords.kinds)
  func recordTooShortForItsKindIsSkipped(kind: RecordKind) {
    let size = kind.minimumSize
    var stream = RecordStream()
    // The header of a record is read whatever its size field contains.
    for size in Set([24, size - 8]) where size >= 24 {
      var words = [UInt64](repeating: 0, count: 32)
      words[0...3] = [1_000, 4096, 512, UInt64(size) << 32 | UInt64(kind.rawValue) << 48]
      stream.raw(words)
    }
    let snapshot = stream.snapshot()
    #expect(snapshot.damagedRecordCount == UInt64(stream.records.count))
    #expect(snapshot.recordCount == UInt64(stream.records.count))
    #expect(snapshot.rings.isEmpty)
    #expect(snapshot.requests.isEmpty)
  }

  @Test(arguments: RandomRecords.unknownKinds)
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

  @Test(arguments: RandomRecords.kinds) func noiseOfEveryKindIsTaken(kind: RecordKind) {
    var records = RandomRecords(seed: UInt64(kind.rawValue) + 1, timeRange: 1_000_000_000)
    var aggregator = RecordStream().replay()
    var taken: UInt64 = 0
    for _ in 0..<100 {
      consume(records.next(kind), &aggregator)
      guard let event = aggregator.lastEvent else { continue }
      #expect(event.kind == kind)
      taken += 1
    }
    // Records of some kinds count as damaged if their random text or list does not fit into the
    // record. A `skip` record without a request in flight and the close of an unknown ring do not
    // count as events.
    #expect(taken >= 25 || kind == .skip || kind == .ringClosed)
    aggregator.checkInvariants()
  }

  /// Random records of all kinds, some of them damaged.
  @Test(arguments: 1...20) func noise(seed: UInt64) {
    var records = RandomRecords(seed: seed, timeRange: seed % 2 == 0 ? nil : 1_000_000_000)
    var limits = Aggregator.Limits()
    limits.history = Int(seed % 4) * 5
    limits.closedRings = Int(seed % 3)
    var aggregator = RecordStream().replay(limits: limits)
    for number in 1...20_000 {
      consume(records.next(), &aggregator)
      if number % 1_000 == 0 { aggregator.checkInvariants() }
    }
    let snapshot = aggregator.snapshot()
    #expect(snapshot.recordCount == 20_000)
    #expect(snapshot.damagedRecordCount > 0 && snapshot.damagedRecordCount < 10_000)
    #expect(snapshot.recent.count <= limits.history)
    expectConsistency(of: snapshot)
  }

  /// Random records create groups of every provider, and buffers of several kinds.
  @Test func noiseLendsBuffers() {
    var providers: Set<GroupProvider> = []
    var kinds: Set<Buffer.Kind> = []
    var states: Set<RequestGroup.State> = []
    for seed in 1...40 {
      var records = RandomRecords(seed: UInt64(seed), timeRange: 1_000_000_000)
      var aggregator = RecordStream().replay()
      for number in 1...4_000 {
        consume(records.next(), &aggregator)
        guard number % 500 == 0 else { continue }
        let snapshot = aggregator.snapshot()
        providers.formUnion(snapshot.groups.map(\.provider))
        states.formUnion(snapshot.groups.map(\.state))
        kinds.formUnion(snapshot.buffers.map(\.kind))
      }
    }
    // Random records do not combine a delivery and a use of the same block request. Only damaged
    // recordings cover `.ublkAuto`.
    providers.insert(.ublkAuto)
    #expect(providers.isSuperset(of: GroupProvider.all), "\(providers)")
    #expect(kinds.count > 1, "\(kinds)")
    #expect(states.count > 2, "\(states)")
  }

  /// Replays real recordings whose records are partly missing, duplicated, late or overwritten.
  @Test(arguments: Recordings.all) func damagedRecording(path: String) throws {
    let recording = try Recording(path: FilePath(path))
    var records: [[UInt64]] = []
    recording.forEachRecord { record in
      let bytes = UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size))
      records.append(Array(bytes.bindMemory(to: UInt64.self)))
    }
    for seed in 1...3 {
      var random = SeededRandom(state: UInt64(seed))
      var noise = RandomRecords(seed: UInt64(seed), timeRange: recording.duration)
      var late: [UInt64]?
      var aggregator = Aggregator(host: recording.header.host)
      for (number, record) in records.enumerated() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5: break
        case 5..<8:
          consume(record, &aggregator)
          consume(record, &aggregator)
        case 8..<11: late = record
        case 11:
          var record = record
          let word = Int.random(in: 4..<max(5, record.count), using: &random)
          if word < record.count { record[word] = random.next() }
          consume(record, &aggregator)
        case 12: consume(noise.next(), &aggregator)
        default:
          consume(record, &aggregator)
          if let overtaken = late, Bool.random(using: &random) {
            consume(overtaken, &aggregator)
            late = nil
          }
        }
        if number % 500 == 0 { aggregator.checkInvariants() }
      }
      aggregator.checkInvariants()
      expectConsistency(of: aggregator.snapshot())
    }
  }

  private func consume(_ words: [UInt64], _ aggregator: inout Aggregator) {
    words.withUnsafeBytes {
      aggregator.consume($0.baseAddress!.assumingMemoryBound(to: record.self))
    }
  }

  /// Expects that facts which a snapshot contains twice agree.
  private func expectConsistency(of snapshot: Snapshot) {
    #expect(snapshot.requests.allSatisfy { !$0.state.isFinal })
    #expect(snapshot.recent.allSatisfy { $0.state.isFinal })
    #expect(
      Set((snapshot.requests + snapshot.recent).map(\.id)).count
        == snapshot.requests.count + snapshot.recent.count)
    // A kiocb address has at most one request in flight, apart from requests that await a
    // notification.
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
    let rings = Set(snapshot.rings.map(\.id))
    #expect(Set(snapshot.groups.map(\.id)).count == snapshot.groups.count)
    for group in snapshot.groups {
      // Groups that have ended can outlive their rings.
      #expect(rings.contains(group.ring) || group.state != .borrowed)
      #expect(group.doneCount <= group.memberCount && group.failedCount <= group.doneCount)
      #expect(group.members.count <= Int(group.memberCount))
      #expect(group.members.count { !$0.isDone } == Int(group.memberCount - group.doneCount))
    }
    // A URING_CMD is exempt: its group can be the group whose buffer this command takes back.
    for request in snapshot.requests where request.opcode.name != "URING_CMD" {
      guard let group = snapshot.groups.first(where: { $0.id == request.group }) else { continue }
      #expect(
        group.leader.request == request.id || group.members.contains { $0.request == request.id },
        "request \(request.id) is not of group \(group.id)")
    }
    let buffers = snapshot.buffers.map {
      "\($0.ring) \($0.kind) \($0.index) \($0.isWithdrawn ? $0.group : 0)"
    }
    #expect(Set(buffers).count == buffers.count)
    for buffer in snapshot.buffers { #expect(rings.contains(buffer.ring)) }
  }
}

/// Paths of the recordings of all test targets.
private enum Recordings {
  static let all: [String] = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let names = FileManager.default.enumerator(atPath: tests.path())?.compactMap { $0 as? String }
    // Recordings in Hostile have little usable content.
    return (names ?? []).filter { $0.hasSuffix(".uring") && !$0.hasPrefix("Hostile/") }.sorted()
      .map { tests.appending(path: $0).path() }
  }()
}
