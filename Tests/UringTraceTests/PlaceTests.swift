import CRecord
import Testing

@testable import UringTrace

/// Tests of a request's place, that is, the kernel list or queue on which an inventory walk (BPF
/// iterators) found it, and of the events after which the place is unknown again.
@Suite struct PlaceTests {
  /// Returns a stream of POLL_ADD requests. Their polls are armed, but no event shows this.
  private static func armed(_ count: Int) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...count {
      stream.submit(request, "POLL_ADD", userData: UInt64(request))
      stream.fileGet(request)
    }
    return stream
  }

  private static func look(_ stream: inout RecordStream, at count: Int) {
    let time = stream.time
    for request in 1...count {
      stream.parked(request, userData: UInt64(request), at: time) {
        $0.file.file = 0x500
        $0.file.inode = 70
        $0.poll_events = 1
      }
    }
  }

  @Test func anEventAfterTheWalkEndsIt() {
    var stream = Self.armed(2)
    Self.look(&stream, at: 2)
    stream.taskAdd(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.inFlight(1)?.place == .unknown)
    #expect(snapshot.inFlight(2)?.place == .poll)
  }

  @Test func anOlderEventThatArrivesAfterTheWalkEndsIt() {
    var stream = Self.armed(1)
    Self.look(&stream, at: 1)
    stream.time -= 100
    stream.taskAdd(1)
    #expect(stream.snapshot().inFlight(1)?.place == .unknown)
  }

  @Test func theNextRequestInTheSlotDoesNotInheritIt() {
    var stream = Self.armed(1)
    Self.look(&stream, at: 1)
    stream.complete(1, 1)
    stream.time -= 5_000
    stream.submit(1, "POLL_ADD", userData: 9)
    #expect(stream.snapshot().inFlight(9)?.place == .unknown)
  }

  #if DEBUG
    /// The snapshot on the screen shares the pages of the aggregator's requests. Copying the pages
    /// of a million requests in each walk would cost too much.
    @Test func aWalkCopiesNoPageOfRequestsThatDidNotMove() {
      var aggregator = Self.armed(200).replay()
      let before = aggregator.snapshot()
      let copied = aggregator.requests.slots.copiedPages
      var walk = Self.armed(200)
      let start = walk.records.count
      Self.look(&walk, at: 200)
      for words in walk.records[start...] {
        words.withUnsafeBytes {
          aggregator.consume($0.baseAddress!.assumingMemoryBound(to: record.self))
        }
      }
      #expect(aggregator.requests.slots.copiedPages == copied)
      let after = aggregator.snapshot().requests
      #expect(after.allSatisfy { $0.place == .poll && $0.fileIdentity?.inode == 70 })
      #expect(after.allSatisfy { $0.state == .pollArmed && $0.pollEvents == 1 })
      #expect(before.requests.allSatisfy { $0.place == .unknown && $0.fileIdentity == nil })
    }
  #endif
}
