import Testing

@testable import UringTrace

@Suite struct RequestTrackerTests {
  @Test func requestIsFoundAtItsAddressUntilItEnds() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring)
    #expect(scene.requests.inFlight(at: 256) == slot)
    #expect(scene.end(slot) == .none)
    #expect(scene.requests.inFlight(at: 256) == nil)
    #expect(scene.requests.latest(at: 256) == slot)
    #expect(scene.requests.latest(at: 512) == nil)
  }

  @Test func notificationStandsForItsRequest() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring)
    let (position, occupant) = scene.requests.claim(512, now: 10)
    #expect(occupant == nil)
    scene.requests.setNotification(512, at: position, of: slot)
    let user = scene.requests.user(of: 512)
    #expect(user?.slot == slot)
    #expect(user?.isNotification == true)
    #expect(scene.requests.inFlight(at: 512) == nil)
  }

  @Test func claimNamesTheRequestThatMustEndFirst() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring)
    let (_, occupant) = scene.requests.claim(256, now: 11)
    #expect(occupant == slot)
  }

  @Test func historyGivesUpItsOldest() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slots = (1...5).map { scene.request(UInt64($0) * 256, on: ring) }
    let evicted = slots.map { scene.end($0) }
    #expect(evicted == [.none, .none, .none, .none, slots[0]])
    scene.requests.free(slots[0])
    #expect(scene.requests.latest(at: 256) == nil)
    #if DEBUG
      scene.requests.checkInvariants(keptForChains: 0)
    #endif
  }

  @Test func oldestOfAUserDataIsFoundAndAmbiguityIsReported() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let first = scene.request(256, on: ring, userData: 5)
    let second = scene.request(512, on: ring, userData: 5)
    scene.requests.indexAll(of: ring)
    let both = scene.requests.find(ring: ring, userData: 5) { _ in true }
    #expect(both?.slot == first)
    #expect(both?.isAmbiguous == true)
    _ = scene.end(first)
    let one = scene.requests.find(ring: ring, userData: 5) { _ in true }
    #expect(one?.slot == second)
    #expect(one?.isAmbiguous == false)
    scene.requests.change(userDataOf: second, to: 6)
    let none = scene.requests.find(ring: ring, userData: 5) { _ in true }
    #expect(none == nil)
  }

  @Test func lossMakesOlderRequestsSuspect() {
    var scene = TrackerScene()
    let ring = scene.ring()
    let slot = scene.request(256, on: ring)
    #expect(scene.requests.isSuspect(slot) == false)
    scene.requests.noteLoss(at: 10)
    #expect(scene.requests.isSuspect(slot) == true)
  }
}
