import Testing
import UringTrace

@testable import UringProbe

/// Tests of when a capture for a screen takes an inventory without being asked.
@Suite struct StateRefreshTests {
  private static let second: UInt64 = 1_000_000_000

  private func snapshot(_ state: Request.State, lastTime: UInt64) -> Snapshot {
    var request = Request()
    request.id = 1
    request.state = state
    request.lastTime = lastTime
    var snapshot = Snapshot(
      host: HostDescription(kernel: "6.18.0", tier: "tracepoints", startTime: 1, startRealtime: 0),
      time: lastTime)
    snapshot.requests = [request]
    return snapshot
  }

  @Test(arguments: [Request.State.submitted, .issued, .linked])
  func aRequestWithoutRecordsIsLookedAtOnce(state: Request.State) {
    var refresh = StateRefresh()
    let start = 100 * Self.second
    let snapshot = snapshot(state, lastTime: start)
    let atOnce = refresh.isDue(snapshot, at: start + Self.second / 2)
    let afterAWhile = refresh.isDue(snapshot, at: start + 2 * Self.second)
    #expect(!atOnce && afterAWhile)
    refresh.note(arrivedAt: start + 2 * Self.second)
    let again = refresh.isDue(snapshot, at: start + 60 * Self.second)
    #expect(!again)
    // A later record leaves the state in doubt again.
    let later = self.snapshot(state, lastTime: start + 50 * Self.second)
    let afterARecord = refresh.isDue(later, at: start + 60 * Self.second)
    #expect(afterARecord)
  }

  @Test(arguments: [Request.State.pollArmed, .worker, .taskWork, .deferred])
  func statesThatRecordsShowNeedNoLook(state: Request.State) {
    var refresh = StateRefresh()
    let isDue = refresh.isDue(snapshot(state, lastTime: Self.second), at: 60 * Self.second)
    #expect(!isDue)
  }

  /// An inventory that the user requests says nothing about the time that an inventory takes.
  @Test func inventoriesOfOthersDoNotDelayTheNext() {
    var refresh = StateRefresh()
    let first = refresh.isDue(snapshot(.issued, lastTime: Self.second), at: 10 * Self.second)
    refresh.note(arrivedAt: 10 * Self.second + 1_000)
    refresh.note(arrivedAt: 600 * Self.second)
    let next = refresh.isDue(
      snapshot(.issued, lastTime: 602 * Self.second), at: 605 * Self.second)
    #expect(first && next)
  }

  @Test func slowInventoriesAreRare() {
    var refresh = StateRefresh()
    let first = refresh.isDue(snapshot(.issued, lastTime: Self.second), at: 10 * Self.second)
    refresh.note(arrivedAt: 11 * Self.second)
    let next = snapshot(.issued, lastTime: 20 * Self.second)
    let soon = refresh.isDue(next, at: 100 * Self.second)
    let later = refresh.isDue(next, at: 111 * Self.second)
    #expect(first && !soon && later)
  }
}
