import TestSupport
import Testing
import UringTrace

/// Tests of rings that are shared, are closed, have no descriptor, or have SQEs or CQEs of another
/// size.
@Suite struct RingCaseTests {
  @Test(arguments: Fixtures.of("shared_ring"))
  func sharedRingTellsItsSubmittersApart(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings.count == 1)
    let submitters = Dictionary(grouping: program.requests, by: \.submitterTgid).mapValues(\.count)
    #expect(submitters.values.sorted() == [5, 6])
    #expect(submitters[program.truth.pid] == 6)
  }

  @Test(arguments: Fixtures.of("ring_exit"))
  func requestsInFlightEndWithTheirRing(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings.count == 2)
    #expect(program.requests.count == 14)
    #expect(program.requests.allSatisfy { $0.state == .completed && $0.result == -125 })
    #expect(program.snapshot.requests.isEmpty)
  }

  @Test(arguments: Fixtures.of("registered_ring"))
  func ringWithoutADescriptorIsSeen(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.rings.count == 1)
    #expect(program.rings[0].ownerTgid == program.truth.pid)
    #expect(program.requests.count == 5)
  }

  @Test(arguments: Fixtures.of("sqe128_cqe32"))
  func sizesOfEntriesDoNotMatter(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(
      program.rings.map { $0.setupFlags.intersection([.sqe128, .cqe32]) }
        == [.sqe128, .cqe32, [.sqe128, .cqe32]])
    for (request, told) in zip(program.requests, program.truth.requests) {
      #expect(request.isSQEKnown)
      #expect(request.sqe.fd == told.fd)
      #expect(request.opcode.name == "NOP" || request.sqe.len == UInt32(told.res ?? 0))
    }
  }

  @Test(arguments: Fixtures.of("mixed_entries"))
  func mixedEntriesAreReadInStep(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    #expect(program.requests.allSatisfy { $0.isSQEKnown && $0.result == 0 })
    let big = program.requests.filter { CQEFlags(rawValue: $0.cqeFlags).contains(.size32) }
    #expect(big.count == 10)
  }
}
