import Testing

@testable import UringTrace

@Suite struct ChainTrackerTests {
  private static func ids(_ chain: Chain) -> [Request.ID] { chain.members.map(\.request) }

  @Test func membersAreInTheOrderOfLinking() {
    var scene = TrackerScene()
    var chains = ChainTracker()
    let ring = scene.ring()
    let slots = (1...3).map { scene.request(UInt64($0) * 256, on: ring) }
    // Links as on Linux 6.1, where each `io_uring_link` event names the chain's head.
    chains.linked(slots[1], behind: slots[0], &scene.requests)
    chains.linked(slots[2], behind: slots[0], &scene.requests)
    let all = chains.all(scene.requests)
    #expect(all.map(Self.ids) == [[1, 2, 3]])
    #expect(all.first?.brokenBy == 0)
    #expect(scene.requests.request(of: slots[0]).chain == 1)
  }

  @Test func requestsBehindTheSameUnseenOneShareAChain() {
    var scene = TrackerScene()
    var chains = ChainTracker()
    let ring = scene.ring()
    let slots = (1...3).map { scene.request(UInt64($0) * 256, on: ring) }
    chains.linked(slots[0], behindUnseen: 9_999, &scene.requests)
    chains.linked(slots[1], behindUnseen: 9_999, &scene.requests)
    chains.linked(slots[2], behindUnseen: 8_888, &scene.requests)
    #expect(chains.all(scene.requests).map(Self.ids) == [[1, 2], [3]])
  }

  @Test func cancelledRequestJoinsTheChainOfTheFailedOne() {
    var scene = TrackerScene()
    var chains = ChainTracker()
    let ring = scene.ring()
    let slots = (1...4).map { scene.request(UInt64($0) * 256, on: ring) }
    chains.linked(slots[2], behind: slots[1], &scene.requests)
    scene.requests[slots[1]].isLinkCancelled = true
    let isFirst = chains.broke(at: slots[0], cancelling: slots[1], &scene.requests)
    let isFirstAgain = chains.broke(at: slots[0], cancelling: slots[2], &scene.requests)
    #expect(isFirst && !isFirstAgain)
    let chain = chains.all(scene.requests)
    #expect(chain.map(Self.ids) == [[1, 2, 3]])
    #expect(chain.first?.brokenBy == 1)
    #expect(chain.first?.members.map(\.isCancelled) == [false, true, false])
  }

  @Test func successReleasesTheNextAndAFailureDoesNot() {
    var scene = TrackerScene()
    var chains = ChainTracker()
    let ring = scene.ring()
    let slots = (1...2).map { scene.request(UInt64($0) * 256, on: ring) }
    chains.linked(slots[1], behind: slots[0], &scene.requests)
    scene.requests[slots[1]].request.state = .linked
    scene.requests[slots[0]].take(result: 1, flags: 0, tid: 0)
    #expect(chains.next(after: slots[0], scene.requests) == slots[1])
    scene.requests[slots[0]].take(result: -5, flags: 0, tid: 0)
    #expect(chains.next(after: slots[0], scene.requests) == nil)
  }

  @Test func chainIsForgottenWithTheLastOfItsMembers() {
    var scene = TrackerScene()
    var chains = ChainTracker()
    let ring = scene.ring()
    let slots = (1...2).map { scene.request(UInt64($0) * 256, on: ring) }
    chains.linked(slots[1], behind: slots[0], &scene.requests)
    for slot in slots { _ = scene.end(slot) }
    var evicted: [Handle<RequestSlot>] = []
    for other in 3...6 {
      let oldest = scene.end(scene.request(UInt64(other) * 256, on: ring))
      guard oldest != .none else { continue }
      evicted.append(oldest)
      #expect(chains.evicted(oldest, &scene.requests) == nil)
      #expect(chains.all(scene.requests).count == 2 - evicted.count)
      #if DEBUG
        let kept = chains.checkInvariants(scene.requests)
        scene.requests.checkInvariants(keptForChains: kept)
      #endif
    }
    #expect(evicted == slots)
  }
}
