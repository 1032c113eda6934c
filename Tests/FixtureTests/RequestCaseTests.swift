import TestSupport
import Testing
import UringTrace

/// Tests of the states of requests between submission and end.
@Suite struct RequestCaseTests {
  @Test(arguments: Fixtures.of("pointer_reuse"))
  func requestsOnOneAddressAreToldApart(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests.count == 512)
    #expect(Set(program.requests.map(\.address)).count < 64)
    #expect(Set(program.requests.map(\.id)).count == 512)
    #expect(program.rings[0].counts.endedUnseen == 0)
  }

  @Test(arguments: Fixtures.of("drain"))
  func drainHoldsBackItselfAndWhatFollows(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests.map { $0.has(.deferred) } == [false, true, true, true])
    let end = program[0].lastTime
    for request in program.requests.dropFirst() { #expect(try request.time(of: .completed) >= end) }
    let nops = try #require(program.snapshot.latency.first { $0.opcode.name == "NOP" })
    #expect(nops.stageTotals[Int(Stage.held.rawValue)] > 0)
  }

  @Test(arguments: Fixtures.of("cancel"))
  func cancelledRequestsEndWithECANCELEDAndTheCancelSaysHowMany(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests.filter { $0.result == -125 }.count == 7)
    #expect(program.requests("ASYNC_CANCEL").map(\.result) == [0, 3, -2, 2])
    // The requests were cancelled by another request, not by a broken chain.
    #expect(program.snapshot.chains.isEmpty)
  }

  @Test(arguments: Fixtures.of("poll_armed"))
  func receiveThatWaitsIsPollArmedAndThenWoken(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    for request in program.requests {
      #expect(request.steps.map(\.kind).contains([.pollArmed, .taskWorkAdded]))
      #expect(request.pollEvents & 1 == 1)
    }
  }

  @Test(arguments: Fixtures.of("io_wq"))
  func asyncWorkGoesToWorkersAndBufferedWritesAreHashed(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests("WRITE").allSatisfy { $0.has(.queuedToWorkerHashed) })
    for opcode in ["READ", "NOP", "STATX"] {
      #expect(program.requests(opcode).allSatisfy { $0.has(.queuedToWorker) })
    }
    #expect(program.rings[0].counts.punted == 16)
  }

  @Test(arguments: Fixtures.of("short_write"))
  func shortWriteIsAttachedToItsRequest(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests.map { $0.has(.shortWrite) } == [true, true, true, true, false, false])
    #expect(program.requests.prefix(4).allSatisfy { $0.shortWriteBytes == 4096 })
  }

  @Test(arguments: Fixtures.of("defer_taskrun"))
  func completionsWaitForTheSubmitter(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings[0].setupFlags.contains(.deferTaskrun))
    for request in program.requests {
      #expect(try request.time(of: .completed) - request.time(of: .taskWorkAdded) > 10_000_000)
      #expect(request.completerTid == request.submitterTid)
    }
  }

  @Test(arguments: Fixtures.of("sqpoll"))
  func sqThreadSubmitsInTheProcessesName(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let ring = program.rings[0]
    #expect(ring.setupFlags.contains(.sqPoll))
    #expect(ring.sqThreadTid == program.truth.sqThread)
    for request in program.requests {
      #expect(request.isSubmittedBySQThread)
      #expect(request.submitterTid == ring.sqThreadTid)
      #expect(request.submitterTgid == program.truth.pid)
    }
  }

  @Test(arguments: Fixtures.of("iopoll"))
  func polledReadsComplete(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings[0].setupFlags.contains(.ioPoll))
    #expect(program.requests.map(\.result) == [Int32](repeating: 4096, count: 16))
    #expect(program.rings[0].counts.bytesRead == 16 * 4096)
  }

  @Test(arguments: Fixtures.of("errors"))
  func errorsAreCountedByName(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let counted = program.rings[0].errnos.compactMap { ErrorNumber(result: -$0.errno)?.name }
    for (request, told) in zip(program.requests, program.truth.requests) {
      // The expiry of a timeout is not an error.
      guard let name = told.note, request.opcode.isError(request.result) else { continue }
      #expect(counted.contains(name))
    }
    #expect(counted.count >= 10)
  }
}
