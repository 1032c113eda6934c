import CRecord
import Testing

@testable import UringTrace

/// Tests of buffers that applications register (IORING_REGISTER_BUFFERS and its variants).
struct AggregatorRegisteredBufferTests {
  private func read(
    _ stream: inout RecordStream, _ request: Int, slot: UInt16, length: UInt32 = 4096,
    at address: UInt64 = 0x10_0000, flags: SQEFlags = []
  ) {
    stream.submit(request, "READ_FIXED", userData: UInt64(request), flags: flags) {
      $0.buf_index = slot
      $0.addr = address
      $0.len = length
    }
  }

  private func registered() -> RecordStream {
    var stream = RecordStream()
    stream.create()
    stream.registerBuffers([RecordStream.buffer(1, index: 0)])
    return stream
  }

  @Test func registeredAndNotUsed() {
    let snapshot = registered().snapshot()
    #expect(snapshot.groups.map(\.state) == [.provided])
    #expect(snapshot.groups[0].leader.registerOpcode?.name == "REGISTER_BUFFERS")
    #expect(snapshot.groups[0].leader.tgid == 0)
    #expect(snapshot.buffers.map(\.index) == [0])
    #expect(snapshot.buffers[0].address == 0x10_0000)
    #expect(snapshot.buffers[0].group == snapshot.groups[0].id)
  }

  @Test func borrowedWhileARequestRuns() {
    var stream = registered()
    read(&stream, 1, slot: 0)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .borrowed)
    #expect(group.holder?.request == 1)
    #expect(stream.snapshot().buffers[0].borrowers == [1])
    #expect(stream.snapshot().requests[0].group == group.id)
  }

  /// uringtop attaches its BPF programs one by one, so it can attach the program that traces buffer
  /// releases after the use and release of a buffer. It infers a release that it has not seen.
  @Test func releaseFromBeforeItsFunctionWasWatchedIsDerived() {
    for isSeen in [false, true] {
      var stream = RecordStream()
      stream.time += 1_000_000_000
      stream.watchReleases()
      stream.time -= 1_000_000_000
      stream.create()
      stream.submit(1, "READ_FIXED", isSQEKnown: false)
      stream.use(1, RecordStream.buffer(1, index: 0, inTable: false))
      stream.complete(1, 4096)
      if isSeen { stream.release(node: 1) }
      let groups = stream.snapshot().groups
      #expect(groups.map(\.state) == [.givenBack])
      #expect(groups.map(\.acknowledgement?.isDerived) == [!isSeen])
    }
  }

  @Test func usedAgainAndAgain() {
    var stream = registered()
    for request in 1...3 {
      read(&stream, request, slot: 0)
      stream.use(request, RecordStream.buffer(1, index: 0))
      stream.complete(request, 4096)
    }
    let group = stream.snapshot().groups[0]
    #expect(group.state == .provided)
    #expect(group.memberCount == 3)
    #expect(group.doneCount == 3)
    #expect(group.movedBytes == 3 * 4096)
    #expect(group.members.map(\.isConfirmed) == [true, true, true])
    #expect(stream.snapshot().buffers[0].useCount == 3)
    #expect(group.conditions.isEmpty)
  }

  @Test func unregisteredWhileBorrowedIsPinned() {
    var stream = registered()
    read(&stream, 1, slot: 0)
    stream.registerBuffers([], opcode: 1)
    var snapshot = stream.snapshot()
    #expect(snapshot.groups[0].tags == ["pinned"])
    #expect(snapshot.groups[0].acknowledgement == nil)
    #expect(snapshot.buffers.map(\.isWithdrawn) == [true])
    #expect(snapshot.buffers[0].borrowers == [1])
    stream.use(1, RecordStream.buffer(1, index: 0, references: 1, inTable: false))
    stream.complete(1, 4096)
    snapshot = stream.snapshot()
    #expect(snapshot.groups[0].state == .givenBack)
    #expect(snapshot.groups[0].acknowledgement?.isDerived == true)
    #expect(snapshot.groups[0].acknowledgement?.time == snapshot.groups[0].members[0].endTime)
    #expect(snapshot.buffers.isEmpty)
  }

  @Test func givenBackLateAfterALongPin() {
    var stream = registered()
    read(&stream, 1, slot: 0)
    stream.registerBuffers([], opcode: 1)
    stream.time += 200_000_000
    stream.complete(1, 4096)
    #expect(stream.snapshot().groups[0].tags == ["given_back_late"])
  }

  @Test func observedReleaseIsNotDerived() {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    stream.registerBuffers([RecordStream.buffer(1, index: 0)])
    read(&stream, 1, slot: 0)
    stream.use(1, RecordStream.buffer(1, index: 0))
    stream.complete(1, 4096)
    let time = stream.time
    stream.release(node: 1)
    stream.registerBuffers([], opcode: 1)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(
      group.acknowledgement
        == .init(callback: "io_release_ubuf", time: time, tid: 100, isDerived: false))
  }

  @Test func watchedReleaseIsWaitedFor() {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    stream.registerBuffers([RecordStream.buffer(1, index: 0)])
    read(&stream, 1, slot: 0)
    stream.registerBuffers([], opcode: 1)
    stream.complete(1, 4096)
    #expect(stream.snapshot().groups[0].state == .membersDone)
    var aggregator = stream.replay()
    aggregator.advance(to: stream.time + 200_000_000)
    #expect(aggregator.snapshot().groups[0].tags == ["held_after_done"])
    stream.release(node: 1)
    #expect(stream.snapshot().groups[0].acknowledgement?.isDerived == false)
  }

  @Test func goneWithItsRingAndNeverSeenToBeGivenBack() {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    stream.registerBuffers([RecordStream.buffer(1, index: 0)])
    stream.ringClosed(1)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .leaked)
    #expect(group.tags.contains("never_given_back"))
  }

  @Test func replacedByAnUpdate() {
    var stream = registered()
    read(&stream, 1, slot: 0)
    stream.registerBuffers(
      [RecordStream.buffer(2, index: 0, address: 0x20_0000)], opcode: 16, size: 1, count: 1)
    read(&stream, 2, slot: 0, at: 0x20_0000)
    stream.use(2, RecordStream.buffer(2, index: 0, address: 0x20_0000))
    stream.complete(2, 4096)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.map(\.state) == [.borrowed, .provided])
    #expect(snapshot.groups.map(\.members.count) == [1, 1])
    #expect(snapshot.groups[0].tags == ["pinned"])
    #expect(snapshot.buffers.map(\.isWithdrawn) == [false, true])
  }

  @Test func clonedToAnotherRing() {
    var stream = registered()
    stream.create(2, fd: 4)
    stream.registerBuffers([RecordStream.buffer(2, index: 0)], opcode: 30, ring: 2)
    let groups = stream.snapshot().groups
    #expect(groups.map(\.ring) == [1, 2])
    #expect(groups[1].leader.registerOpcode?.name == "REGISTER_CLONE_BUFFERS")
  }

  @Test func olderThanUringtop() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.tableRead([RecordStream.buffer(1, index: 5, tag: 0x7a6)], size: 8, count: 8)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.count == 1)
    #expect(!snapshot.groups[0].leader.isKnown)
    #expect(snapshot.groups[0].buffer.tag == 0x7a6)
    #expect(snapshot.buffers[0].registeredTime == 0)
  }

  @Test func memberFoundInFlight() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.submit(1, "READ_FIXED", isSQEKnown: false)
    stream.use(1, RecordStream.buffer(1, index: 3))
    stream.complete(1, 100)
    let group = stream.snapshot().groups[0]
    #expect(group.memberCount == 1)
    #expect(group.movedBytes == 100)
    #expect(group.buffer.index == 3)
  }

  @Test func outOfRange() {
    var stream = registered()
    read(&stream, 1, slot: 0, at: 0x10_0000 + 8000)
    stream.use(1, RecordStream.buffer(1, index: 0))
    stream.complete(1, -14)
    #expect(stream.snapshot().groups[0].tags == ["out_of_range", "member_failed"])
  }

  @Test func outOfRangeInPreparation() {
    // Linux 6.12 checks the range in preparation.
    var stream = registered()
    stream.prepareFails(1, "READ_FIXED", error: -14) {
      $0.buf_index = 0
      $0.addr = 0x10_0000 + 8000
      $0.len = 4096
    }
    stream.complete(1, -14)
    #expect(stream.snapshot().groups[0].tags == ["out_of_range", "member_failed"])
  }

  @Test func emptySlot() {
    var stream = RecordStream()
    stream.create()
    stream.registerBuffers([], opcode: 15, size: 4)
    read(&stream, 1, slot: 2)
    stream.complete(1, -14)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.map(\.tags) == [["empty_slot", "member_failed"]])
    #expect(snapshot.groups[0].state == .ended)
    #expect(snapshot.buffers.isEmpty)
  }

  @Test func selectsAProvidedBufferToo() {
    var stream = registered()
    read(&stream, 1, slot: 0, flags: [.bufferSelect])
    stream.complete(1, -95)
    #expect(!stream.snapshot().groups.isEmpty)
  }

  @Test func shortMember() {
    var stream = registered()
    read(&stream, 1, slot: 0)
    stream.use(1, RecordStream.buffer(1, index: 0))
    stream.complete(1, 100)
    #expect(stream.snapshot().groups[0].tags == ["short_member"])
  }

  @Test func membersThatAreDoneAreBounded() {
    var stream = registered()
    for request in 1...500 {
      read(&stream, request, slot: 0)
      stream.complete(request, 4096)
    }
    let group = stream.snapshot().groups[0]
    #expect(group.members.count == 64)
    #expect(group.memberCount == 500)
    #expect(group.droppedMembers == 436)
    #expect(group.members.last?.request == 500)
  }

  @Test func endedGroupsAreBounded() {
    var stream = RecordStream()
    stream.create()
    for node in 1...100 {
      stream.registerBuffers([RecordStream.buffer(node, index: 0)])
      read(&stream, node, slot: 0)
      stream.complete(node, 4096)
      stream.registerBuffers([], opcode: 1)
    }
    var limits = Aggregator.Limits()
    limits.history = 10
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.groups.count == 10)
    #expect(snapshot.groups.map(\.id) == Array((91...100).reversed()))
  }

  @Test func zeroCopySendWithARegisteredBuffer() {
    var stream = registered()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2) {
      $0.ioprio = 1 << 2
      $0.addr = 0x10_0000
      $0.len = 4096
    }
    stream.complete(1, 4096, flags: [.more])
    var snapshot = stream.snapshot()
    #expect(snapshot.groups(.sendZC).map(\.state) == [.membersDone])
    // The notification (an io_kiocb of its own) still holds the registered buffer.
    #expect(snapshot.groups(.registered).map(\.state) == [.borrowed])
    stream.use(2, RecordStream.buffer(1, index: 0))
    stream.notify(2, userData: 7)
    snapshot = stream.snapshot()
    #expect(snapshot.groups(.registered).map(\.state) == [.provided])
    #expect(snapshot.groups(.registered)[0].movedBytes == 4096)
    #expect(snapshot.groups(.registered)[0].members[0].isConfirmed)
    let send = snapshot.groups(.sendZC)[0]
    #expect(send.acknowledgement?.callback == "IORING_CQE_F_NOTIF")
    #expect(send.acknowledgement?.isDerived == false)
    #expect(send.movedBytes == 4096)
  }

  @Test func zeroCopySendThatFailsAtOnce() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "SEND_ZC", notification: 2) { $0.len = 100 }
    stream.complete(1, -22)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .ended)
    #expect(group.acknowledgement == nil)
    #expect(group.tags == ["leader_failed"])
  }
}
