import TestSupport
import Testing
import UringSources
import UringTrace

/// Tests of SQE groups, recorded on kernels patched with the SQE group series. EveryFixtureTests
/// compares every group with the truth that the program printed; these tests check the other
/// properties of groups.
@Suite struct SQEGroupCaseTests {
  private static func group(
    of index: Int, in program: ObservedProgram
  ) throws -> RequestGroup {
    let leader = program[index].id
    return try #require(
      program.snapshot.groups.first {
        $0.provider == .sqeGroup && $0.leader.request == leader
      })
  }

  @Test func bothProgramsAreRecorded() {
    #expect(!Fixtures.of("sqe_group").isEmpty)
    #expect(!Fixtures.of("sqe_group_ublk").isEmpty)
  }

  @Test(arguments: Fixtures.of("sqe_group"))
  func groupInAChainRunsAsOneOfIt(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let nested = try #require(
      program.snapshot.chains.first { chain in
        chain.members.count == 3 && chain.brokenBy == 0
      })
    let leader = nested.members[1].request
    let group = try #require(program.snapshot.groups.first { $0.leader.request == leader })
    #expect(group.members.map(\.result) == [40, 0])
    let ids = Set(nested.members.map(\.request))
    #expect(group.members.allSatisfy { !ids.contains($0.request) })
  }

  @Test(arguments: Fixtures.of("sqe_group"))
  func chainIsBrokenByTheGroupWhoseMemberFailed(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let broken = program.snapshot.chains.filter { $0.brokenBy != 0 }
    let leaders = Set(program.snapshot.groups.map(\.leader.request))
    let byGroup = try #require(broken.first { leaders.contains($0.brokenBy) })
    let group = try #require(
      program.snapshot.groups.first { $0.leader.request == byGroup.brokenBy })
    #expect(group.leader.result == 0)
    #expect(group.members.map(\.result) == [-9, 0])
    #expect(byGroup.members.map(\.isCancelled) == [false, true])
  }

  @Test(arguments: Fixtures.of("sqe_group"))
  func leadersOwnBufferIsNotItsMembers(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let fixed = try #require(program.requests.firstIndex { $0.opcode.name == "READ_FIXED" })
    let group = try Self.group(of: fixed, in: program)
    #expect(group.buffer.length == 0)
    #expect(!group.buffer.isKernel)
    #expect(group.acknowledgement == nil)
  }

  @Test(arguments: Fixtures.of("sqe_group_ublk"))
  func membersAreConfirmedAndTheBufferIsGivenBackByItsCallback(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let told = try #require(program.truth.kernelBuffers)
    for buffer in told {
      let index = try #require(
        program.truth.requests.firstIndex { $0.userData == buffer.leader })
      let group = try Self.group(of: index, in: program)
      #expect(group.leader.opcode.name == "URING_CMD")
      #expect(group.members.allSatisfy { $0.isConfirmed })
      #expect(group.buffer.release == "ublk_io_buf_giveback_cb")
      #expect(group.buffer.segments >= 1)
      let returned = try #require(group.acknowledgement)
      #expect(returned.time >= group.membersDoneTime)
    }
    #expect(Set(told.map(\.direction)) == ["destination", "source"])
  }

  @Test(arguments: Fixtures.of("sqe_group_ublk"))
  func memberThatWaitsHasTheBuffer(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let receive = try #require(program.requests("RECV").first)
    let recording = try fixture.recording()
    let end = try receive.time(of: .taskWorkAdded)
    let group = try #require(
      recording.snapshot(at: end - recording.startTime - 1).groups.first {
        $0.id == receive.group
      })
    #expect(group.state == .borrowed)
    #expect(group.holder?.request == receive.id)
    #expect(group.buffer.length == 8192)
    #expect(group.buffer.direction == .destination)
    #expect(group.acknowledgement == nil)
  }

  @Test(arguments: Fixtures.of("sqe_group_ublk"))
  func wrongMembersAreNamed(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let groups = program.snapshot.groups.filter { $0.provider == .sqeGroup }
    func group(_ condition: GroupCondition) throws -> RequestGroup {
      let found = groups.filter { $0.conditions.contains(condition) }
      #expect(found.count == 1, "\(condition): \(found.count)")
      return try #require(found.first)
    }
    #expect(try group(.wrongDirection).members.map(\.result) == [-22, 0])
    #expect(try group(.outOfRange).members.map(\.result) == [-14, 4096])
    let refused = try group(.leaderFailed)
    #expect(refused.members.allSatisfy { $0.isCancelled })
    #expect(refused.acknowledgement == nil)
  }
}
