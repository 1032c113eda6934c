import CRecord
import Testing

@testable import UringTrace

/// Tests of SQE groups. No kernel release contains them; the tests follow version 6 of the patch
/// series, on Linux 6.12.
struct AggregatorSQEGroupTests {
  private static let flag = SQEFlags(rawValue: 1 << 7)

  private func stream() -> RecordStream {
    var stream = RecordStream()
    stream.flagName(bit: 40, "SQE_GROUP")
    stream.create()
    return stream
  }

  private func buffer(_ stream: inout RecordStream, _ request: Int, leader: Int) {
    var body = record_group_buffer()
    body.leader = RecordStream.address(leader)
    body.acknowledge = 0xffff_ffff_c000_2000
    body.length = 8192
    body.segments = 2
    body.direction = 0
    stream.add(&body, \.base, .groupBuffer, request)
  }

  @Test func leaderAndMembersUpToTheFirstWithoutTheFlag() {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: Self.flag)
    stream.submit(2, "READ", flags: Self.flag) { $0.len = 4096 }
    stream.submit(3, "READ") { $0.len = 4096 }
    stream.submit(4, "NOP")
    let groups = stream.snapshot().groups
    #expect(groups.count == 1)
    #expect(groups[0].provider == .sqeGroup)
    #expect(groups[0].leader.request == 1)
    #expect(groups[0].members.map(\.request) == [2, 3])
  }

  @Test func theBatchEndsTheGroup() {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: Self.flag, groupRole: 1)
    stream.submit(2, "READ", flags: Self.flag, groupRole: 2)
    stream.submit(3, "URING_CMD", flags: Self.flag, groupRole: 1)
    stream.submit(4, "READ", groupRole: 2)
    let groups = stream.snapshot().groups
    #expect(groups.map(\.leader.request) == [1, 3])
    #expect(groups.map { $0.members.map(\.request) } == [[2], [4]])
  }

  @Test func theEndOfTheBatchEndsTheGroupForAPlainRequestToo() {
    var stream = stream()
    stream.submit(1, "READ", flags: Self.flag, groupRole: 1)
    stream.submit(2, "NOP", flags: Self.flag, groupRole: 2)
    stream.submit(3, "NOP")
    stream.submit(4, "NOP", flags: Self.flag, groupRole: 1)
    stream.submit(5, "NOP", groupRole: 2)
    #expect(stream.snapshot().groups.map { $0.members.map(\.request) } == [[2], [5]])
  }

  @Test func lastMemberThatFailsInPreparationIsOne() {
    var stream = stream()
    stream.submit(1, "NOP", flags: Self.flag, groupRole: 1)
    stream.prepareFails(2, "NOP", error: -22)
    stream.submit(3, "NOP")
    stream.complete(2, -22)
    stream.complete(1, -125)
    let groups = stream.snapshot().groups
    #expect(groups.map { $0.members.map(\.request) } == [[2]])
    #expect(groups[0].tags == ["leader_failed", "member_failed"])
  }

  @Test func leaderWithoutCQEIsDoneBeforeItsMembers() {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: [.cqeSkipSuccess, Self.flag])
    stream.submit(2, "RECV", flags: Self.flag) { $0.len = 4096 }
    stream.submit(3, "READ") { $0.len = 4096 }
    stream.skip(1)
    buffer(&stream, 3, leader: 1)
    stream.complete(3, 4096)
    #expect(stream.snapshot().groups[0].state == .borrowed)
    #expect(stream.snapshot().groups[0].acknowledgement == nil)
    stream.complete(2, 4096)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.acknowledgement?.isDerived == true)
  }

  @Test func registeredBufferOfAMemberIsNotTheGroups() {
    var stream = stream()
    stream.submit(1, "NOP", flags: Self.flag)
    stream.submit(2, "READ_FIXED") { $0.buf_index = 1 }
    var use = record_buffer_use()
    use.buffer.buffer = 0xffff_8000_0000_1000
    use.buffer.length = 4096
    stream.add(&use, \.base, .bufferUse, 2)
    stream.complete(2, 100)
    stream.complete(1)
    let group = stream.snapshot().groups[0]
    #expect(group.provider == .sqeGroup)
    #expect(group.members.map(\.request) == [2])
    #expect(group.buffer.length == 0)
    #expect(group.providedTime == 0)
  }

  @Test func memberWithoutABufferMayNotHaveTheWrongDirection() {
    var stream = stream()
    stream.submit(1, "NOP", flags: Self.flag)
    stream.submit(2, "WRITE") { $0.len = 8192 }
    stream.complete(2, -22)
    stream.complete(1)
    #expect(stream.snapshot().groups[0].tags == ["member_failed"])
  }

  @Test func leadersCQEIsTheLastAndTheBufferGoesBack() {
    var stream = stream()
    stream.symbol(0xffff_ffff_c000_2000, "ublk_io_buf_giveback_cb [ublk_drv]")
    stream.submit(1, "URING_CMD", flags: Self.flag)
    stream.submit(2, "READ") { $0.len = 8192 }
    buffer(&stream, 2, leader: 1)
    stream.complete(2, 8192)
    #expect(stream.snapshot().groups[0].state == .membersDone)
    buffer(&stream, 1, leader: 1)
    let time = stream.time
    stream.complete(1)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.buffer.length == 8192)
    #expect(group.buffer.direction == .destination)
    #expect(
      group.acknowledgement
        == .init(callback: "ublk_io_buf_giveback_cb", time: time, tid: 100, isDerived: true))
    #expect(group.members[0].isConfirmed)
    #expect(group.conditions.isEmpty)
  }

  @Test func commandThatRegistersElsewhereLeadsItsGroup() throws {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: Self.flag) {
      $0.off = 0xc010_7523
      // The command is for queue 2, tag 5.
      $0.addr3 = 5 << 16 | 2
    }
    stream.submit(2, "READ") { $0.len = 8192 }
    buffer(&stream, 2, leader: 1)
    stream.complete(2, 8192)
    stream.complete(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.map(\.provider) == [.sqeGroup])
    let group = snapshot.groups[0]
    #expect(group.state == .givenBack)
    #expect(group.buffer.ublk?.queue == 2)
    #expect(group.buffer.ublk?.tag == 5)
    let command = try #require(group.provider.commandName(group.leader.command))
    #expect("\(command)" == "UBLK_U_IO_PROVIDE_IO_BUF")
    #expect(snapshot.buffers.isEmpty)
  }

  @Test func leaderFailsAndItsMembersAreCancelled() {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: Self.flag)
    stream.submit(2, "READ", flags: Self.flag)
    stream.submit(3, "READ")
    stream.complete(2, -125)
    stream.complete(3, -125)
    stream.complete(1, -5)
    let group = stream.snapshot().groups[0]
    #expect(group.tags == ["leader_failed", "members_cancelled"])
    #expect(group.state == .ended)
    #expect(group.acknowledgement == nil)
  }

  @Test func nestedInAChain() {
    var stream = stream()
    stream.submit(1, "NOP", flags: [.link])
    stream.submit(2, "URING_CMD", flags: [.link, Self.flag])
    stream.link(2, to: 1)
    stream.submit(3, "READ")
    stream.submit(4, "NOP")
    stream.link(4, to: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.chains.map { $0.members.map(\.request) } == [[1, 2, 4]])
    #expect(snapshot.groups.map { $0.members.map(\.request) } == [[3]])
  }

  @Test func wrongDirectionIsInvalid() {
    var stream = stream()
    stream.submit(1, "URING_CMD", flags: Self.flag)
    stream.submit(2, "WRITE") { $0.len = 8192 }
    buffer(&stream, 2, leader: 1)
    stream.complete(2, -22)
    #expect(stream.snapshot().groups[0].tags == ["wrong_direction", "member_failed"])
  }

  @Test func theFlagMeansNothingElsewhere() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "NOP", flags: Self.flag)
    stream.submit(2, "NOP")
    #expect(stream.snapshot().groups.isEmpty)
  }
}
