import CRecord
import Testing

@testable import UringTrace

/// Tests of the buffers of block requests, which the ublk driver lends to its server.
struct AggregatorUblkTests {
  private func member(
    _ stream: inout RecordStream, _ request: Int, slot: UInt16 = 3, offset: UInt64 = 0,
    length: UInt32 = 8192, write: Bool = false, ring: UInt64 = 1
  ) {
    stream.submit(
      request, write ? "WRITE_FIXED" : "READ_FIXED", ring: ring, userData: UInt64(request)
    ) {
      $0.buf_index = slot
      $0.addr = offset
      $0.len = length
    }
  }

  private static func lent(
    _ node: Int, block: Int, direction: UInt8 = 1, inTable: Bool = true
  ) -> record_buffer {
    RecordStream.buffer(node, index: 3, block: block, direction: direction, inTable: inTable)
  }

  private func fetched(isAutomatic: Bool = false) -> RecordStream {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    stream.fetch(1, slot: 3)
    stream.deliver(1, block: 1, isAutomatic: isAutomatic)
    return stream
  }

  @Test func explicitRegistration() {
    var stream = fetched()
    stream.registerIO(2, slot: 3)
    #expect(stream.snapshot().groups.map(\.state) == [.assembling])
    member(&stream, 3, length: 4096)
    member(&stream, 4, offset: 4096, length: 4096)
    stream.complete(2, command: 0xc010_7523, block: 0)
    var group = stream.snapshot().groups[0]
    #expect(group.state == .borrowed)
    #expect(group.buffer.ublk?.device == "ublkb0")
    #expect(group.buffer.ublk?.operationName == "read")
    #expect(group.buffer.ublk?.sector == 16)
    #expect(group.buffer.direction == .destination)
    #expect(group.leader.request == 2)
    stream.use(3, Self.lent(1, block: 1))
    stream.complete(3, 4096)
    stream.use(4, Self.lent(1, block: 1))
    stream.complete(4, 4096)
    #expect(stream.snapshot().groups[0].state == .membersDone)
    stream.unregisterIO(5, slot: 3)
    let time = stream.time
    stream.release(node: 1, block: 1)
    stream.release(ring: 0, node: 1, block: 1, function: .ublkIORelease)
    stream.complete(5, command: 0xc010_7524, block: 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.count == 1)
    group = snapshot.groups[0]
    #expect(group.provider == .ublk)
    #expect(group.state == .givenBack)
    #expect(group.members.map(\.request) == [3, 4])
    #expect(group.members.map(\.offset) == [0, 4096])
    #expect(group.movedBytes == 8192)
    #expect(
      group.acknowledgement
        == .init(callback: "ublk_io_release", time: time + 1000, tid: 100, isDerived: false))
    #expect(group.conditions.isEmpty)
  }

  @Test func allOfAChainBeforeItsFirstCompletion() {
    var stream = fetched()
    stream.registerIO(2, slot: 3)
    member(&stream, 3)
    stream.unregisterIO(4, slot: 3)
    stream.commit(5, slot: 3)
    stream.complete(2, command: 0xc010_7523, block: 0)
    stream.use(3, Self.lent(1, block: 1, inTable: false))
    stream.complete(3, 8192)
    stream.complete(4, command: 0xc010_7524, block: 0)
    stream.release(node: 1, block: 1)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.memberCount == 1)
    #expect(group.conditions.isEmpty)
  }

  @Test func withoutWatchedReleasesItIsDerived() {
    var stream = RecordStream()
    stream.create()
    stream.fetch(1, slot: 3)
    stream.deliver(1, block: 1)
    stream.registerIO(2, slot: 3)
    stream.complete(2, command: 0xc010_7523, block: 0)
    member(&stream, 3)
    stream.unregisterIO(4, slot: 3)
    stream.complete(4, command: 0xc010_7524, block: 0)
    #expect(stream.snapshot().groups[0].tags == ["pinned"])
    stream.use(3, Self.lent(1, block: 1, inTable: false))
    let time = stream.time
    stream.complete(3, 8192)
    let acknowledgement = stream.snapshot().groups[0].acknowledgement
    #expect(acknowledgement?.isDerived == true)
    #expect(acknowledgement?.time == time)
    #expect(acknowledgement?.callback == "ublk_io_release")
  }

  @Test func automaticRegistration() {
    var stream = fetched(isAutomatic: true)
    var group = stream.snapshot().groups[0]
    #expect(group.provider == .ublkAuto)
    #expect(group.state == .provided)
    #expect(group.leader.request == 1)
    member(&stream, 2)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 8192)
    stream.commit(3, slot: 3)
    stream.release(node: 1, block: 1)
    stream.deliver(3, block: 2, isAutomatic: true, isFetch: false)
    let groups = stream.snapshot().groups(.ublkAuto)
    #expect(groups.map(\.state) == [.givenBack, .provided])
    #expect(groups.map(\.leader.request) == [1, 3])
    group = groups[0]
    #expect(group.withdrawnTime != 0)
    #expect(group.acknowledgement?.callback == "ublk_io_release")
  }

  @Test func automaticWhereTheDriverDoesNotTellTheRequest() {
    // The BTF types of ublk_drv were unknown when the BPF programs were loaded, so no record names
    // the block request.
    var stream = RecordStream()
    stream.symbol(RecordStream.ublkRelease, "ublk_io_release")
    stream.create()
    stream.fetch(1, slot: 3)
    stream.deliver(1, block: 0, isAutomatic: true)
    member(&stream, 2)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 8192)
    stream.commit(3, slot: 3)
    let groups = stream.snapshot().groups
    #expect(groups.map(\.provider) == [.ublkAuto])
    #expect(groups[0].leader.request == 1)
    #expect(groups[0].acknowledgement?.isDerived == true)
  }

  @Test func automaticWithoutDataIsNoGroup() {
    var stream = RecordStream()
    stream.create()
    stream.fetch(1, slot: 3)
    stream.deliver(1, block: 0, isAutomatic: true)
    stream.commit(2, slot: 3)
    #expect(stream.snapshot().groups.isEmpty)
  }

  @Test func automaticRegistrationFails() {
    var stream = RecordStream()
    stream.create()
    stream.fetch(1, slot: 3)
    stream.deliver(1, block: 1, isAutomatic: true, isFilled: false)
    #expect(stream.snapshot().groups.map(\.tags) == [["not_registered"]])
  }

  @Test func committedOnAnotherRing() {
    var stream = fetched(isAutomatic: true)
    stream.create(2, fd: 9)
    // This command shows which ublk device fd 5 on ring 2 refers to.
    stream.fetch(2, tag: 1, slot: 4, ring: 2)
    stream.deliver(2, block: 9, tag: 1, isAutomatic: true)
    stream.commit(3, slot: 3, ring: 2)
    let group = stream.snapshot().groups(.ublkAuto)[0]
    #expect(group.tags == ["committed_elsewhere"])
    #expect(group.acknowledgement == nil)
  }

  @Test func registrationOnAnotherRingThanTheFetch() {
    var stream = fetched()
    stream.create(2, fd: 9)
    stream.ublk(2, 0xc010_7523, slot: 3, ring: 2)
    stream.complete(2, command: 0xc010_7523, block: 0)
    member(&stream, 3, ring: 2)
    let group = stream.snapshot().groups[0]
    #expect(group.ring == 2)
    #expect(group.buffer.ublk?.sector == 16)
    #expect(group.memberCount == 1)
  }

  @Test func leaderFails() {
    var stream = fetched()
    stream.registerIO(2, slot: 3)
    stream.complete(2, command: 0xc010_7523, block: 0, result: -16)
    let group = stream.snapshot().groups[0]
    #expect(group.tags == ["leader_failed"])
    #expect(group.state == .ended)
    #expect(group.acknowledgement == nil)
  }

  @Test func occupiedSlotKeepsItsGroup() {
    var stream = fetched(isAutomatic: true)
    stream.registerIO(2, slot: 3)
    member(&stream, 3)
    stream.complete(2, command: 0xc010_7523, block: 0, result: -16)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups(.ublkAuto).map(\.memberCount) == [1])
    #expect(snapshot.groups(.ublk).map(\.tags) == [["leader_failed"]])
  }

  @Test func providedAndNotUsed() {
    var stream = fetched(isAutomatic: true)
    stream.commit(2, slot: 3)
    stream.release(node: 1, block: 1)
    let group = stream.snapshot().groups[0]
    #expect(group.tags == ["unused"])
    #expect(group.state == .givenBack)
  }

  @Test func partlyFilled() {
    var stream = fetched(isAutomatic: true)
    member(&stream, 2)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 4096)
    stream.commit(3, slot: 3)
    stream.release(node: 1, block: 1)
    #expect(stream.snapshot().groups[0].tags == ["short_member", "partly_filled"])
  }

  @Test func aMemberThatMovesNothingFillsNothing() {
    var stream = fetched(isAutomatic: true)
    stream.submit(2, "NOP", userData: 2) {
      $0.op_flags = 1 << 3
      $0.buf_index = 3
    }
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 0)
    stream.commit(3, slot: 3)
    stream.release(node: 1, block: 1)
    let group = stream.snapshot().groups[0]
    #expect(group.memberCount == 1)
    #expect(!group.tags.contains("partly_filled"))
  }

  @Test func wrongDirection() {
    var stream = fetched(isAutomatic: true)
    member(&stream, 2, write: true)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, -14)
    #expect(stream.snapshot().groups[0].tags == ["wrong_direction", "member_failed"])
  }

  @Test func memberFailsAfterDataFromAStream() {
    var stream = fetched(isAutomatic: true)
    stream.submit(2, "RECV") {
      $0.ioprio = 1 << 2
      $0.buf_index = 3
      $0.len = 4096
    }
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 4096)
    member(&stream, 3)
    stream.use(3, Self.lent(1, block: 1))
    stream.complete(3, -5)
    #expect(stream.snapshot().groups[0].tags == ["member_failed", "stream_data_lost"])
  }

  @Test func membersAreCancelledWithTheChain() {
    var stream = fetched()
    stream.registerIO(2, slot: 3)
    member(&stream, 3)
    stream.complete(2, command: 0xc010_7523, block: 0, result: -22)
    stream.complete(3, -125)
    let group = stream.snapshot().groups[0]
    #expect(group.tags == ["leader_failed", "members_cancelled"])
    #expect(group.members[0].isCancelled)
  }

  /// Requests 2 and 4 both register into the same slot. The member linked behind each of them is
  /// cancelled before it uses a buffer, so only the links show which leader each member has.
  @Test func membersBehindTheirLeaderAreItsOwn() {
    var stream = fetched()
    for request in [2, 4] {
      stream.registerIO(request, slot: 3)
      member(&stream, request + 1)
      stream.link(request + 1, to: request)
    }
    for request in [2, 4] {
      stream.complete(request, command: 0xc010_7523, block: 0, result: -22)
      stream.complete(request + 1, -125)
    }
    let groups = stream.snapshot().groups.sorted { $0.id < $1.id }
    #expect(groups.map(\.members.count) == [1, 1])
    #expect(
      groups.map(\.tags) == Array(repeating: ["leader_failed", "members_cancelled"], count: 2))
    #expect(groups.map { $0.members[0].userData } == [3, 5])
  }

  /// The second group reuses the resource node (`io_rsrc_node`) and the block request of the first.
  /// Each group has its own acknowledgement: the record that its buffer was given back.
  @Test func nodesAreUsedAgain() {
    var stream = fetched(isAutomatic: true)
    member(&stream, 2)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 8192)
    stream.commit(3, slot: 3)
    stream.release(node: 1, block: 1)
    let first = stream.snapshot().groups[0].acknowledgement
    stream.deliver(3, block: 1, isAutomatic: true)
    stream.commit(4, slot: 3)
    #expect(stream.snapshot().groups.contains { $0.state != .givenBack })
    stream.release(node: 1, block: 1)
    let groups = stream.snapshot().groups.sorted { $0.id < $1.id }
    #expect(groups.map(\.tags) == [[], ["unused"]])
    #expect(groups[0].acknowledgement == first)
    #expect(groups[1].acknowledgement?.isDerived == false)
    #expect(groups[1].acknowledgement!.time > first!.time)
  }

  /// If no record shows a buffer's release, uringtop infers the release when the driver uses the
  /// same block request for another I/O.
  @Test func deliveredAgainWithoutARelease() {
    var stream = fetched(isAutomatic: true)
    member(&stream, 2)
    stream.use(2, Self.lent(1, block: 1))
    stream.complete(2, 8192)
    stream.commit(3, slot: 3)
    stream.deliver(3, block: 1, isAutomatic: true)
    let groups = stream.snapshot().groups.sorted { $0.id < $1.id }
    #expect(groups.map(\.state) == [.givenBack, .provided])
    #expect(groups[0].acknowledgement?.isDerived == true)
  }

  @Test func severalQueuesAndDevicesAtOnce() {
    var stream = fetched()
    stream.create(2, fd: 9)
    stream.fetch(2, tag: 0, slot: 3, ring: 2)
    stream.deliver(2, block: 2, write: true)
    stream.registerIO(3, slot: 3)
    stream.registerIO(4, slot: 3, ring: 2)
    member(&stream, 5)
    member(&stream, 6, write: true, ring: 2)
    let groups = stream.snapshot().groups
    #expect(groups.map(\.ring) == [1, 2])
    #expect(groups.map(\.members.count) == [1, 1])
  }
}
