import CRecord
import Testing

@testable import UringTrace

/// Tests of the trackers for the drivers that lend buffers: FUSE and ublk.
@Suite struct DriverTrackerTests {
  private static let command = Opcode(rawValue: 46)
  private static let register: UInt64 = 0xc010_7523
  private static let unregister: UInt64 = 0xc010_7524
  private static let commit: UInt64 = 0xc010_7521

  @Test func answerTakesTheFuseRequestBack() {
    var scene = TrackerScene()
    var fuse = FuseTracker()
    let ring = scene.ring()
    let bringing = scene.request(256, on: ring, opcode: Self.command) {
      $0.fd = 5
      $0.off = 1
    }
    var lent = record_fuse_request()
    lent.base.time_ns = 20
    lent.buffer.buffer = 0xffff_8881_0000_0000
    lent.buffer.index = 2
    lent.unique = 77
    fuse.requested(&lent, by: &scene.requests[bringing], &scene.lending, &scene.event)
    let before = scene.lending.allGroups(now: 25)
    #expect(before.map(\.withdrawnTime) == [0])
    #expect(before.first?.buffer.fuse?.unique == 77)

    let answer = scene.request(512, on: ring, opcode: Self.command) {
      $0.fd = 5
      $0.off = 2
      $0.pad2 = 77
    }
    let isAnswer = fuse.submitted(&scene.requests[answer], &scene.lending, &scene.event)
    #expect(isAnswer)
    #expect(scene.lending.allGroups(now: 30).map(\.withdrawnTime) == [10])
  }

  @Test func otherCommandsAreNotFuses() {
    var scene = TrackerScene()
    var fuse = FuseTracker()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring, opcode: Self.command) { $0.off = 2 }
    let isAnswer = fuse.submitted(&scene.requests[slot], &scene.lending, &scene.event)
    #expect(!isAnswer)
  }

  @Test func ublkCommandsPutABufferIntoASlotAndTakeItOut() {
    var scene = TrackerScene()
    var ublk = UblkTracker()
    let ring = scene.ring()
    let putting = scene.request(256, on: ring, opcode: Self.command) {
      $0.off = Self.register
      $0.pad2 = 6
    }
    ublk.submitted(&scene.requests[putting], &scene.lending, &scene.event)
    #expect(scene.lending.allGroups(now: 15).map(\.provider) == [.ublk])
    scene.requests[putting].take(result: 0, flags: 0, tid: 7)
    let moment = Moment(time: 20, tid: 7)
    scene.lending.leaderEnded(&scene.requests[putting], at: moment, &scene.event)
    #expect(scene.lending.allBuffers().map(\.index) == [6])

    let taking = scene.request(512, on: ring, opcode: Self.command) {
      $0.off = Self.unregister
      $0.pad2 = 6
    }
    ublk.submitted(&scene.requests[taking], &scene.lending, &scene.event)
    #expect(scene.requests[taking].request.group == 1)
    scene.requests[taking].take(result: 0, flags: 0, tid: 7)
    let end = Moment(time: 30, tid: 7)
    scene.lending.withdrawalEnded(&scene.requests[taking], at: end, &scene.event)
    #expect(scene.lending.allGroups(now: 40).map(\.withdrawnTime) == [30])
    #expect(scene.lending.allBuffers().isEmpty)
  }

  @Test func deliveryFillsItsSlotWhereRegistrationIsAutomatic() {
    var scene = TrackerScene()
    var ublk = UblkTracker()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring, opcode: Self.command) {
      $0.off = Self.commit
      $0.addr = 4
    }
    var record = record_command()
    record.command = UInt32(Self.commit)
    record.device = 0xffff_8882_0000_0000
    record.flags = 1 << 11
    record.block.request = 0xffff_8883_0000_0000
    record.block.length = 4096
    ublk.command(&record, of: &scene.requests[slot], &scene.lending, &scene.event)
    #expect(scene.lending.allGroups(now: 15).isEmpty)
    scene.requests[slot].take(result: 0, flags: 0, tid: 7)
    ublk.ended(&scene.requests[slot], time: 20, &scene.lending, &scene.event)
    let groups = scene.lending.allGroups(now: 25)
    #expect(groups.map(\.provider) == [.ublkAuto])
    #expect(groups.first?.buffer.index == 4)
    #expect(groups.first?.leader.request == 1)
    #if DEBUG
      ublk.checkInvariants()
    #endif
  }
}
