import Testing

@testable import UringTrace

@Suite struct AggregatorRequestTests {
  @Test func inlineCompletion() throws {
    var stream = RecordStream()
    stream.create(fd: 5, tgid: 42, comm: "fio")
    stream.submit(1, "READ", userData: 7) {
      $0.fd = 3
      $0.len = 4096
    }
    stream.fileGet(1)
    stream.complete(1, 4096)
    let snapshot = stream.snapshot()

    let request = try #require(snapshot.ended(7))
    #expect(request.state == .completed)
    #expect(request.result == 4096)
    #expect(request.kinds == [.submitted, .fileAssigned, .completed])
    #expect(request.lastTime - request.startTime == 2_000)
    #expect(request.file == .descriptor(3))
    #expect(request.isStartKnown && !request.isEndDerived)
    #expect(snapshot.requests.isEmpty)
    #expect(snapshot.rings[0].inFlight == 0)
    #expect(snapshot.counts.submitted == 1)
    #expect(snapshot.counts.completed == 1)
    #expect(snapshot.counts.cqes == 1)
    #expect(snapshot.counts.bytesRead == 4096)
  }

  @Test func inFlightIsOldestFirst() {
    var stream = RecordStream()
    for request in 1...5 { stream.submit(request, userData: UInt64(request)) }
    stream.complete(3)
    stream.submit(3, userData: 6)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.map(\.userData) == [1, 2, 4, 5, 6])
    #expect(snapshot.rings[0].inFlight == 5)
  }

  @Test func recentIsNewestFirstUpToTheHistoryLimit() {
    var stream = RecordStream()
    for number in 1...10 {
      stream.submit(1, userData: UInt64(number))
      stream.complete(1)
    }
    var limits = Aggregator.Limits()
    limits.history = 3
    #expect(stream.snapshot(limits: limits).recent.map(\.userData) == [10, 9, 8])
  }

  @Test func noHistoryAtAll() {
    var stream = RecordStream()
    for number in 1...100 {
      stream.submit(number % 3 + 1, userData: UInt64(number))
      stream.complete(number % 3 + 1, -5)
    }
    var limits = Aggregator.Limits()
    limits.history = 0
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.recent.isEmpty)
    #expect(snapshot.counts.completed == 100)
  }

  @Test func pollArmedThenWoken() throws {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 1)
    stream.fileGet(1)
    stream.pollArm(1, events: 0x2001)
    let armed = stream
    stream.taskAdd(1)
    let woken = stream
    stream.complete(1, 10)

    #expect(armed.snapshot().inFlight(1)?.state == .pollArmed)
    #expect(armed.snapshot().inFlight(1)?.pollEvents == 0x2001)
    #expect(armed.snapshot().counts.pollArmed == 1)
    #expect(woken.snapshot().inFlight(1)?.state == .taskWork)
    let request = try #require(stream.snapshot().ended(1))
    #expect(request.kinds == [.submitted, .fileAssigned, .pollArmed, .taskWorkAdded, .completed])
  }

  @Test(arguments: [(false, Step.Kind.queuedToWorker), (true, .queuedToWorkerHashed)])
  func puntedToWorkerStaysThereWhenItsFileIsLookedUp(isHashed: Bool, step: Step.Kind) throws {
    var stream = RecordStream()
    stream.submit(1, "WRITE", userData: 1, flags: .async)
    stream.queueAsyncWork(1, hashed: isHashed)
    stream.tid = 200
    stream.fileGet(1)
    let request = try #require(stream.snapshot().inFlight(1))
    #expect(request.state == .worker)
    #expect(request.kinds == [.submitted, step, .fileAssigned])
    #expect(stream.snapshot().counts.punted == 1)
  }

  @Test func deferredByDrain() throws {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.submit(2, userData: 2, flags: .drain)
    stream.defer(2)
    #expect(stream.snapshot().inFlight(2)?.state == .deferred)
    stream.complete(1)
    stream.complete(2)
    let request = try #require(stream.snapshot().ended(2))
    #expect(request.kinds == [.submitted, .deferred, .completed])
  }

  @Test func cancelledByAnotherRequest() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1)
    stream.pollArm(1)
    stream.submit(2, "ASYNC_CANCEL", userData: 2) { $0.addr = 1 }
    stream.complete(1, -125)
    stream.complete(2, 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.result == -125)
    #expect(snapshot.ended(2)?.result == 0)
    #expect(snapshot.counts.errors == 1)
    #expect(snapshot.rings[0].errnos == [Ring.ErrnoCount(errno: 125, count: 1)])
  }

  @Test func errorsAreCountedByErrnoMostFrequentFirst() {
    var stream = RecordStream()
    for (number, error) in [(1, -11), (2, -5), (3, -5)] {
      stream.submit(number, "READ")
      stream.complete(number, Int32(error))
    }
    let ring = stream.snapshot().rings[0]
    #expect(ring.errnos.map(\.errno) == [5, 11])
    #expect(ring.errnos.map(\.count) == [2, 1])
    #expect(ring.counts.errors == 3)
  }

  @Test func anExpiredTimeoutIsNoError() {
    var stream = RecordStream()
    stream.submit(1, "TIMEOUT")
    stream.complete(1, -62)
    stream.submit(2, "LINK_TIMEOUT")
    stream.complete(2, -125)
    stream.submit(3, "READ")
    stream.complete(3, -62)
    let ring = stream.snapshot().rings[0]
    #expect(ring.counts.errors == 1)
    #expect(ring.errnos == [Ring.ErrnoCount(errno: 62, count: 1)])
  }

  @Test func completedByAnotherThread() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, tgid: 10)
    stream.tid = 777
    stream.complete(1)
    let request = try #require(stream.snapshot().ended(1))
    #expect(request.submitterTid == 100)
    #expect(request.submitterTgid == 10)
    #expect(request.completerTid == 777)
  }

  @Test func sqpollSubmission() throws {
    var stream = RecordStream()
    stream.create(flags: .sqPoll, sqThread: 99)
    stream.tid = 99
    stream.submit(1, userData: 1, sqThread: true, tgid: 10)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(1))
    #expect(request.isSubmittedBySQThread)
    #expect(request.submitterTid == 99)
    #expect(snapshot.rings[0].sqThreadTid == 99)
    #expect(snapshot.rings[0].setupFlags.contains(.sqPoll))
  }

  @Test func iopollCompletesWithoutStepsBetween() {
    var stream = RecordStream()
    stream.create(flags: .ioPoll)
    stream.submit(1, "READ_FIXED", userData: 1, flags: .fixedFile) {
      $0.fd = 2
      $0.buf_index = 4
    }
    stream.complete(1, 512)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.file == .fixed(2))
    #expect(snapshot.ended(1)?.kinds == [.submitted, .completed])
    #expect(snapshot.counts.bytesRead == 512)
  }

  @Test func ringOf128ByteSQEsAnd32ByteCQEs() {
    var stream = RecordStream()
    stream.create(flags: [.sqe128, .cqe32])
    stream.submit(1, "URING_CMD", userData: 1) {
      $0.off = 0x1_0000_0020
      $0.addr3 = 0xabcd
    }
    stream.complete(1, 0, flags: .size32)
    let snapshot = stream.snapshot()
    #expect(snapshot.rings[0].setupFlags == [.sqe128, .cqe32])
    #expect(snapshot.ended(1)?.cqeFlags == CQEFlags.size32.rawValue)
    #expect(snapshot.ended(1)?.sqe.addr3 == 0xabcd)
    // The result of a URING_CMD is not a number of bytes.
    #expect(snapshot.counts.bytesRead == 0)
  }

  @Test func preparationFailureWithoutSubmission() throws {
    var stream = RecordStream()
    stream.prepareFails(1, "READ", error: -22, userData: 1)
    stream.complete(1, -22)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(1))
    #expect(request.preparationError == -22)
    #expect(request.kinds == [.preparationFailed, .completed])
    #expect(snapshot.counts.submitted == 1)
    #expect(snapshot.counts.preparationFailures == 1)
    #expect(snapshot.counts.completed == 1)
    #expect(snapshot.latency.isEmpty)
  }

  @Test func opcodeThatTheKernelDoesNotKnowIsTheApplications() throws {
    var stream = RecordStream()
    // For an unknown opcode, the kernel sets the request's own opcode to NOP.
    stream.prepareFails(1, "NOP", error: -22, userData: 1) { $0.opcode = 250 }
    stream.complete(1, -22)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(1))
    #expect(request.opcode == op("OP_250"))
    #expect(request.result == -22)
    #expect(snapshot.rings[0].inFlight == 0)
    #expect(snapshot.counts.endedUnseen == 0)
  }

  @Test func preparationFailureAfterSubmissionOn6_1IsOneRequest() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, flags: .link) { $0.buf_index = 9 }
    stream.prepareFails(1, "READ", error: -14, userData: 1, flags: .link) { $0.buf_index = 9 }
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 1)
    #expect(snapshot.recent.isEmpty)
    #expect(snapshot.counts.submitted == 1)
    #expect(snapshot.inFlight(1)?.kinds == [.submitted, .preparationFailed])
  }

  @Test func shortWriteIsFoundByOffsetAndLength() throws {
    var stream = RecordStream()
    for number in 1...3 {
      stream.submit(number, "WRITE", userData: UInt64(number)) {
        $0.off = UInt64(number) * 8192
        $0.len = 8192
      }
    }
    stream.shortWrite(position: 2 * 8192, wanted: 8192, got: 4096)
    let snapshot = stream.snapshot()
    #expect(snapshot.counts.shortWrites == 1)
    #expect(snapshot.inFlight(2)?.shortWriteBytes == 4096)
    #expect(snapshot.inFlight(2)?.kinds == [.submitted, .shortWrite])
    #expect(snapshot.inFlight(1)?.kinds == [.submitted])
  }

  @Test func shortWriteOfTwoAlikeGoesToTheThreadThatSubmitted() {
    var stream = RecordStream()
    for (number, tid) in [(1, 100), (2, 101)] {
      stream.tid = UInt32(tid)
      stream.submit(number, "WRITE", userData: UInt64(number)) { $0.len = 100 }
    }
    stream.shortWrite(position: 0, wanted: 100, got: 50)
    #expect(stream.snapshot().inFlight(2)?.kinds == [.submitted, .shortWrite])
    #expect(stream.snapshot().inFlight(1)?.kinds == [.submitted])
  }

  @Test func moreStepsThanFitKeepTheLast() throws {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 1)
    for _ in 1...6 {
      stream.pollArm(1)
      stream.taskAdd(1)
    }
    stream.complete(1, 1)
    let request = try #require(stream.snapshot().ended(1))
    #expect(request.stepCount == 14)
    #expect(request.droppedSteps == 4)
    #expect(request.steps.count == StepList.capacity)
    #expect(request.steps.last?.kind == .completed)
  }

  @Test func requestFoundInFlightHasNoKnownStart() throws {
    var stream = RecordStream()
    stream.pollArm(1)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.requests.first)
    #expect(!request.isStartKnown)
    #expect(request.state == .pollArmed)
    #expect(snapshot.counts.submitted == 0)
    stream.complete(1, 0)
    #expect(stream.snapshot().requests.isEmpty)
    #expect(stream.snapshot().latency.isEmpty)
  }

  @Test func lateRecordOfACompletedRequestMakesNoGhost() {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 1)
    stream.complete(1)
    stream.pollArm(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.isEmpty)
    #expect(snapshot.recent.count == 1)
  }

  @Test func recordsOutOfTimeOrderDoNotTrap() throws {
    var stream = RecordStream()
    stream.time = 5_000
    stream.submit(1, "READ", userData: 1)
    stream.time = 4_000
    stream.fileGet(1)
    stream.time = 3_000
    stream.complete(1, 1)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.lastTime == 5_000)
    #expect(snapshot.latency.first?.summary.max == 0)
    #expect(snapshot.time == 5_000)
  }
}
