import TestSupport
import Testing
import UringTrace

/// Tests of requests with several CQEs, without a CQE, or with a CQE on the overflow list.
@Suite struct CQECaseTests {
  @Test(arguments: Fixtures.of("multishot_poll"))
  func multishotPollLivesOnUntilItIsRemoved(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let poll = program[0]
    let cqes = program.cqes(of: poll)
    #expect(cqes.map(\.result) == [1, 1, 1, -125])
    #expect(cqes.map { $0.flags.contains(.more) } == [true, true, true, false])
    #expect(poll.cqeCount == 4)
    #expect(poll.steps.count { $0.kind == .posted } == 3)
    #expect(poll.state == .completed)
  }

  @Test(arguments: Fixtures.of("multishot_accept"))
  func multishotAcceptPostsAConnectionAtATime(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let results = program.cqes(of: program[0]).map(\.result)
    #expect(results.count == 4)
    #expect(results.dropLast().allSatisfy { $0 >= 0 })
    #expect(results.last == -125)
    #expect(program.rings[0].counts.auxiliary == 0)
  }

  @Test(arguments: Fixtures.of("multishot_recv"))
  func multishotReceiveEndsAtTheEndOfItsStreamOrOfItsBuffers(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.cqes(of: program[0]).map(\.result) == [3, 5, 9, 0])
    #expect(program.cqes(of: program[1]).map(\.result) == [3, 5, -105])
    #expect(program[0].cqeCount == 4 && program[1].cqeCount == 3)
  }

  @Test(arguments: Fixtures.of("send_zc"))
  func zeroCopySendEndsWithItsNotification(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    for send in program.requests.prefix(4) {
      #expect(send.cqeCount == 2)
      #expect(send.steps.map(\.kind).suffix(2) == [.posted, .notified])
      // the request's result is that of the first CQE, not of the notification
      #expect(send.result == Int32(send.sqe.len))
    }
    #expect(program.rings[0].counts.unmatched == 0)
  }

  @Test(arguments: Fixtures.of("send_zc"))
  func zeroCopySendThatFailsKeepsItsError(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program[4].result == -32)
    #expect(program[4].state == .completed)
    #expect(program[5].preparationError == -22)
    #expect(program[5].cqeCount == 1)
  }

  @Test(arguments: Fixtures.of("cqe_skip"))
  func successWithoutACQELeavesTheTable(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program[0].state == .skipped)
    #expect(program[0].cqeCount == 0)
    #expect(program.snapshot.requests.isEmpty)
    #expect(program.rings[0].counts.skipped == 8)
  }

  @Test(arguments: Fixtures.of("cqe_skip"))
  func failureInSpiteOfCQESkipHasItsCQE(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program[7].state == .completed)
    #expect(program[7].result == -9)
  }

  @Test(arguments: Fixtures.of("cq_overflow"))
  func overflowedCQEsEndTheirRequestsOnce(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let overflowed = program.requests.filter { $0.state == .overflowed }
    #expect(UInt64(overflowed.count) == program.truth.overflowed)
    #expect(overflowed.allSatisfy { $0.cqeCount == 1 && $0.hasResult })
    #expect(program.rings.allSatisfy { $0.inFlight == 0 && $0.counts.unmatched == 0 })
  }

  @Test(arguments: Fixtures.of("msg_ring"))
  func messageIsACQEOfTheOtherRingAndOfNoRequest(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings.map(\.counts.auxiliary) == [0, 3, 3])
    #expect(program.rings.map(\.counts.submitted) == [7, 0, 0])
    #expect(program.requests.allSatisfy { $0.cqeCount == 1 })
  }

  @Test(arguments: Fixtures.of("fixed_buffers"))
  func tagOfABufferIsACQEOfNoRequest(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings[0].counts.auxiliary == 1)
    #expect(program.rings[0].counts.unmatched == 0)
  }

  @Test(arguments: Fixtures.of("provided_buffers"))
  func providedBufferIsNamedByItsID(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let receives = program.requests("RECV")
    let buffers = receives.map { CQEFlags(rawValue: $0.cqeFlags).bufferID }
    #expect(buffers == program.truth.requests.filter { $0.opcode == "RECV" }.map(\.buffer))
    #expect(receives.filter { $0.result == -105 }.count == 2)
    #expect(receives.map(\.sqe.buf_index) == [1, 1, 1, 1, 2, 2, 2, 2])
  }
}
