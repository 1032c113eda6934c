import Testing
import UringTrace

/// Tests that a completion queue counts as unreaped only while no CQE can have been taken.
@Suite struct ReapedQueueTests {
  private static let second: UInt64 = 1_000_000_000

  /// Equal lengths at two looks do not show that the same CQEs were in the queue.
  @Test func aQueueOfSteadyLengthIsReapedIfMoreWasPostedThanItHolds() {
    var stream = RecordStream()
    stream.create(1)
    stream.depth(sq: 0, cq: 1)
    func run(_ requests: Range<Int>) {
      for request in requests {
        stream.submit(request, userData: UInt64(request))
        stream.complete(request)
      }
    }
    run(1..<3)
    #expect(stream.snapshot().rings[0].cqPendingSince != 0)
    // More CQEs than the queue has entries.
    run(3..<300)
    #expect(stream.snapshot().rings[0].cqEntries < 256)
    #expect(stream.snapshot().rings[0].cqPendingSince == 0)
  }

  @Test func aQueueThatAScanFoundUnchangedAfterCQEsIsReaped() {
    var stream = RecordStream()
    stream.create(1)
    let start = stream.time
    stream.depth(sq: 0, cq: 1)
    stream.ringScan()
    stream.time += Self.second
    stream.ringScan()
    let idle = stream.snapshot().rings[0].cqPendingSince
    #expect(idle == start)
    stream.submit(1, userData: 7)
    stream.complete(1)
    stream.time += Self.second
    let look = stream.time
    stream.ringScan()
    #expect(stream.snapshot().rings[0].cqPendingSince == look)
  }
}
