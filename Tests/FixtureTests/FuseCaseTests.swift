import TestSupport
import Testing
import UringFindings
import UringSources
import UringTrace

/// Tests of groups whose buffer consists of the pages of a FUSE request, recorded on a real kernel.
/// EveryFixtureTests compares every group with the truth that the FUSE server printed; these tests
/// check the other properties of groups.
@Suite struct FuseCaseTests {
  private static func groups(
    _ snapshot: Snapshot, with condition: GroupCondition
  ) -> [RequestGroup] {
    snapshot.groups.filter { $0.provider == .fuse && $0.conditions.contains(condition) }
  }

  @Test func theProgramIsRecorded() throws {
    let fixture = try #require(Fixtures.of("fuse_zero_copy").first)
    #expect(try fixture.snapshot().groups.count { $0.provider == .fuse } == 17)
  }

  @Test(arguments: Fixtures.of("fuse_zero_copy"))
  func leadersAreTheCommandsThatWaited(_ fixture: Observation) throws {
    let groups = try fixture.snapshot().groups.filter { $0.provider == .fuse }
    let names = groups.compactMap { $0.provider.commandName($0.leader.command).map { "\($0)" } }
    #expect(names.count == groups.count)
    #expect(
      Set(names) == ["FUSE_IO_URING_CMD_REGISTER", "FUSE_IO_URING_CMD_COMMIT_AND_FETCH"])
    for group in groups {
      #expect(group.leader.startTime < group.startTime)
      #expect(group.leader.endTime <= group.members.map(\.startTime).min() ?? .max)
    }
  }

  @Test(arguments: Fixtures.of("fuse_zero_copy"))
  func severalAreLentAtOnce(_ fixture: Observation) throws {
    let recording = try fixture.recording()
    let groups = try fixture.snapshot().groups.filter { $0.provider == .fuse }
    let last = try #require(
      groups.filter { $0.members.count == 2 && $0.failedCount == 0 }.map(\.providedTime).max())
    let then = recording.snapshot(at: last - recording.startTime + 1).groups
      .filter { $0.provider == .fuse && !$0.state.isFinal }
    #expect(then.count == 3)
    #expect(Set(then.map(\.buffer.index)).count == 3)
    #expect(Set(then.map { $0.buffer.fuse?.operationName }) == ["read", "write"])
  }

  @Test(arguments: Fixtures.of("fuse_zero_copy"))
  func memberThatOutlivesItsRequestHasItsPages(_ fixture: Observation) throws {
    let early = try #require(
      Self.groups(try fixture.snapshot(), with: .answeredEarly).first)
    let member = try #require(early.members.first)
    let recording = try fixture.recording()
    let then = recording.snapshot(at: member.endTime - recording.startTime - 1)
    let group = try #require(then.groups.first { $0.id == early.id })
    #expect(group.state == .borrowed)
    #expect(group.conditions.contains(.pinned))
    #expect(group.holder?.request == member.request)
    #expect(group.acknowledgement == nil)
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: then).first { $0.summary.hasPrefix("answered_early") })
    #expect(finding.requests == [member.request])
    // Meanwhile the server answered another FUSE request, whose pages were in the same slot.
    let other = try #require(
      then.groups.first { $0.id > early.id && $0.buffer.index == early.buffer.index })
    #expect(other.state == .givenBack)
    #expect(other.providedTime > group.withdrawnTime)
    let answer = try #require(other.leader.startTime == 0 ? nil : other.leader.startTime)
    #expect(group.withdrawnTime == answer)
  }

  @Test(arguments: Fixtures.of("fuse_zero_copy"))
  func eachMistakeIsOneGroups(_ fixture: Observation) throws {
    let snapshot = try fixture.snapshot()
    #expect(Self.groups(snapshot, with: .unused).map(\.memberCount) == [0, 0])
    #expect(
      Self.groups(snapshot, with: .wrongDirection).map { $0.members.map(\.result) }
        == [[-14, 8192]])
    #expect(
      Self.groups(snapshot, with: .outOfRange).map { $0.members.map(\.result) } == [[-14, 8192]])
    #expect(Self.groups(snapshot, with: .shortMember).map(\.movedBytes) == [4096])
    // The buffer of the request that was answered through another ring stayed in its slot until the
    // server removed it.
    let elsewhere = try #require(Self.groups(snapshot, with: .committedElsewhere).first)
    let next = try #require(
      snapshot.groups.filter { $0.provider == .fuse }.max { $0.startTime < $1.startTime })
    #expect(next.ring != elsewhere.ring)
    #expect(try #require(elsewhere.acknowledgement?.time) > next.startTime)
  }
}
