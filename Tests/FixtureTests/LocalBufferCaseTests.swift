import TestSupport
import Testing
import UringTrace

/// Tests of groups of requests that use a local buffer (a buffer for a single submission), recorded
/// on a kernel patched with the local-buffer series. EveryFixtureTests compares every group with
/// the truth that the program printed; these tests check the other properties of groups.
@Suite struct LocalBufferCaseTests {
  private static func groups(_ snapshot: Snapshot) -> [RequestGroup] {
    snapshot.groups.filter { $0.provider == .localBuffer }.sorted { $0.id < $1.id }
  }

  @Test func theProgramIsRecorded() throws {
    let fixture = try #require(Fixtures.of("local_buffer").first)
    let told = try #require(try fixture.truth().localBuffers)
    #expect(Self.groups(try fixture.snapshot()).count == told.count)
  }

  @Test(arguments: Fixtures.of("local_buffer"))
  func bufferIsThereForTheRequestsBehindItsLeader(_ fixture: Observation) throws {
    for group in Self.groups(try fixture.snapshot()) {
      #expect(group.providedTime >= group.leader.startTime)
      #expect(group.members.allSatisfy { $0.startTime > group.providedTime })
      #expect(group.buffer.release == "io_release_ubuf")
    }
  }

  @Test(arguments: Fixtures.of("local_buffer"))
  func memberThatWaitsHasTheBufferLongAfterItsSubmission(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let waiting = try #require(
      program.requests("READ_FIXED").first { $0.steps.contains { $0.kind == .pollArmed } })
    let recording = try fixture.recording()
    let then = recording.snapshot(
      at: try waiting.time(of: .taskWorkAdded) - recording.startTime - 1)
    let alive = Self.groups(then).filter { !$0.state.isFinal }
    let group = try #require(alive.first)
    #expect(alive.count == 1)
    #expect(group.id == waiting.group)
    #expect(group.state == .borrowed)
    #expect(group.leader.hasResult)
    #expect(group.holder?.request == waiting.id)
    #expect(group.doneCount == 1)
    #expect(group.acknowledgement == nil)
  }

  @Test(arguments: Fixtures.of("local_buffer"))
  func withoutItsReleaseTheSameGroupsEnd(_ fixture: Observation) throws {
    let recording = try fixture.recording()
    var aggregator = Aggregator(host: recording.header.host)
    recording.forEachRecord { record in
      // A symbol record with a small address states that a buffer-release function is traced.
      let isWatch =
        record.pointee.kind == .symbol
        && UnsafeRawPointer(record + 1).load(as: UInt64.self) < 64
      if record.pointee.kind != .bufferRelease, !isWatch { aggregator.consume(record) }
    }
    let groups = Self.groups(aggregator.snapshot())
    let seen = Self.groups(try fixture.snapshot())
    #expect(groups.map(\.state) == seen.map(\.state))
    #expect(groups.map(\.conditions) == seen.map(\.conditions))
    #expect(groups.allSatisfy { $0.acknowledgement?.isDerived == true })
    for (group, real) in zip(groups, seen) {
      let derived = try #require(group.acknowledgement?.time)
      #expect(derived <= (real.acknowledgement?.time ?? 0))
    }
  }
}
