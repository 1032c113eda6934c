import CRecord
import Testing

@testable import UringTrace

/// SQE groups of the patch series (kernel-facts, section 7).
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
    #expect(group.state == .givenBack)
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
