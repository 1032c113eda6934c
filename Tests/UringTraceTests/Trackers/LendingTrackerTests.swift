import CRecord
import Testing

@testable import UringTrace

@Suite struct LendingTrackerTests {
  private static let readFixed = Opcode(rawValue: 4)

  private static func moment(_ time: UInt64) -> Moment { Moment(time: time, tid: 7) }

  @Test func borrowersOfASlotShareAGroup() {
    var scene = TrackerScene()
    let ring = scene.ring()
    for address: UInt64 in [256, 512] {
      let slot = scene.request(address, on: ring, opcode: Self.readFixed)
      scene.lending.borrow(&scene.requests[slot], 3, &scene.event)
    }
    let groups = scene.lending.allGroups(now: 10)
    #expect(groups.map { $0.members.map(\.request) } == [[1, 2]])
    #expect(groups.first?.buffer.index == 3)
    #expect(scene.event.group == 1)
  }

  @Test func memberThatEndsIsNoBorrowerAnyMore() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring, opcode: Self.readFixed)
    scene.lending.borrow(&scene.requests[slot], 3, &scene.event)
    scene.requests[slot].take(result: 100, flags: 0, tid: 7)
    scene.lending.memberEnded(&scene.requests[slot], at: Self.moment(30), &scene.event)
    let group = scene.lending.allGroups(now: 40).first
    #expect(group?.doneCount == 1)
    #expect(group?.members.first?.endTime == 30)
    #expect(scene.lending.member(of: scene.requests[slot]) == nil)
  }

  @Test func withdrawnBufferIsGivenBackWhenItsLastMemberEnds() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring, opcode: Self.readFixed)
    scene.lending.borrow(&scene.requests[slot], 3, &scene.event)
    let group = scene.lending.alive.first
    scene.lending.provide(group, time: 5)
    scene.lending.withdraw(group, at: Self.moment(20))
    #expect(scene.lending.allGroups(now: 25).first?.acknowledgement == nil)
    scene.requests[slot].take(result: 100, flags: 0, tid: 7)
    scene.lending.memberEnded(&scene.requests[slot], at: Self.moment(30), &scene.event)
    let returned = scene.lending.allGroups(now: 40).first?.acknowledgement
    #expect(returned?.time == 30)
    #expect(returned?.isDerived == true)
  }

  @Test func groupThatLeftTheHistoryIsNotResolved() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let first = scene.lending.begin(.sendZC, on: ring, time: 1)
    let reference = scene.lending.reference(to: first)
    scene.lending.end(first, time: 2)
    #expect(scene.lending.resolve(reference) == first)
    for _ in 0..<4 {
      let group = scene.lending.begin(.sendZC, on: ring, time: 1)
      scene.lending.end(group, time: 2)
    }
    #expect(scene.lending.resolve(reference) == nil)
    let isNone = scene.lending.resolve(.none) == nil
    #expect(isNone)
  }

  @Test func closedRingTakesItsBuffersWithIt() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let other = scene.ring(8192)
    for (ring, address) in [(ring, UInt64(256)), (other, 512)] {
      let slot = scene.request(address, on: ring, opcode: Self.readFixed)
      scene.lending.borrow(&scene.requests[slot], 3, &scene.event)
    }
    scene.lending.ringClosed(ring, at: Self.moment(50), lossTime: 0)
    let groups = scene.lending.allGroups(now: 60)
    #expect(groups.map(\.ring) == [2, 1])
    #expect(groups.map { $0.state.isFinal } == [false, true])
    #expect(scene.lending.slot(ring, .registered, 3) == nil)
    #expect(scene.lending.slot(other, .registered, 3) != nil)
    #if DEBUG
      scene.lending.checkInvariants(rings: [ring, other])
    #endif
  }

  @Test func openSQEGroupTakesMembersUpToTheFirstWithoutTheFlag() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let flag = SQEFlags(rawValue: SQEFlags.group)
    for (address, flags) in [(UInt64(256), flag), (512, flag), (768, [])] {
      let slot = scene.request(address, on: ring, flags: flags)
      scene.lending.joinBatch(&scene.requests[slot], role: nil, &scene.event)
      #expect(scene.lending.hasOpenBatch(ring) == (address != 768))
    }
    let group = scene.lending.allGroups(now: 20).first
    #expect(group?.leader.request == 1)
    #expect(group?.members.map(\.request) == [2, 3])
  }

  @Test func everyProviderHasItsOwnNumberAndName() {
    let all = GroupProviderTraits.all
    #expect(Set(all.map(\.id)).count == all.count)
    #expect(Set(all.map { "\($0.name)" }).count == all.count)
    #expect(
      GroupProvider.all.filter { !$0.isLoan } == [.registered, .sendZC, .provided])
    #expect(GroupProvider.all.filter(\.isLongLived) == [.registered, .provided])
  }
}
