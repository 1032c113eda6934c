import Testing
import UringTrace

/// Tests of requests with several CQEs.
@Suite struct AggregatorMultishotTests {
  @Test func multishotLivesOnUntilItsLastCQE() throws {
    var stream = RecordStream()
    stream.submit(1, "ACCEPT", userData: 7) { $0.ioprio = 1 }
    stream.pollArm(1)
    stream.taskAdd(1)
    stream.completeUnnamed(userData: 7, 5, flags: .more)
    stream.completeUnnamed(userData: 7, 6, flags: .more)
    let alive = try #require(stream.snapshot().inFlight(7))
    #expect(alive.state == .pollArmed)
    #expect(alive.cqeCount == 2)
    #expect(alive.result == 6)

    stream.complete(1, -125)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(7))
    #expect(request.state == .completed)
    #expect(request.cqeCount == 3)
    #expect(snapshot.counts.cqes == 3)
    #expect(snapshot.counts.completed == 1)
    #expect(snapshot.counts.errors == 1)
    #expect(snapshot.counts.unmatched == 0)
  }

  @Test func latencyOfAMultishotIsThatOfItsFirstCQE() {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 7) { $0.ioprio = 2 }
    stream.completeUnnamed(userData: 7, 10, flags: .more)
    stream.time += 60_000_000_000
    stream.complete(1, 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.latency.first?.summary.count == 1)
    #expect(snapshot.latency.first?.summary.max == 1_000)
    #expect(snapshot.counts.bytesRead == 10)
  }

  @Test func unnamedCQEOfTwoMultishotsAlikeIsAmbiguous() {
    var stream = RecordStream()
    stream.submit(1, "POLL_ADD", userData: 7) { $0.len = 1 }
    stream.submit(2, "POLL_ADD", userData: 7) { $0.len = 1 }
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    let snapshot = stream.snapshot()
    #expect(snapshot.counts.ambiguous == 1)
    #expect(snapshot.requests.map(\.cqeCount) == [1, 0])
  }

  @Test func unnamedCQEIsNotGivenToASingleShotRequest() {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 7)
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests[0].cqeCount == 0)
    #expect(snapshot.counts.unmatched == 1)
  }

  @Test func unnamedCQEMatchesOnlyItsOwnRing() {
    var stream = RecordStream()
    stream.submit(1, "ACCEPT", ring: 1, userData: 7) { $0.ioprio = 1 }
    stream.submit(2, "ACCEPT", ring: 2, userData: 7) { $0.ioprio = 1 }
    stream.completeUnnamed(ring: 2, userData: 7, 5, flags: .more)
    #expect(stream.snapshot().requests.map(\.cqeCount) == [0, 1])
  }

  @Test func aDriverCommandCanPostSeveralCQEsWithoutAFlagInItsSQE() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "URING_CMD", userData: 7) { $0.off = 4 }
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    let snapshot = stream.snapshot()
    #expect(snapshot.inFlight(7)?.cqeCount == 2)
    #expect(snapshot.counts.unmatched == 0)
    #expect(snapshot.counts.auxiliary == 0)
  }

  @Test func overflowedMultishotCQELeavesItInFlight() {
    var stream = RecordStream()
    stream.submit(1, "POLL_ADD", userData: 7) { $0.len = 1 }
    stream.overflow(userData: 7, 1, flags: .more)
    let snapshot = stream.snapshot()
    #expect(snapshot.inFlight(7)?.kinds == [.submitted, .overflowed])
    #expect(snapshot.counts.overflows == 1)
  }

  @Test func manyMultishotsWithOneUserDataEach() {
    var stream = RecordStream()
    for request in 1...300 {
      stream.submit(request, "READ_MULTISHOT", userData: UInt64(request))
    }
    for request in stride(from: 1, through: 300, by: 2) { stream.complete(request) }
    for request in 1...300 { stream.completeUnnamed(userData: UInt64(request), 1, flags: .more) }
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 150)
    #expect(snapshot.requests.allSatisfy { $0.cqeCount == 1 })
    #expect(snapshot.counts.unmatched == 150)
  }

  // MARK: Zero-copy send

  @Test func zeroCopySendAwaitsItsNotification() throws {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2)
    stream.complete(1, 1000, flags: .more)
    let waiting = try #require(stream.snapshot().inFlight(7))
    #expect(waiting.state == .awaitingNotification)
    #expect(waiting.result == 1000)

    // From 7.3 on, a notification can have its own `user_data`. The notification's result shows
    // whether the kernel copied the bytes.
    stream.notify(2, userData: 8, .min)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(7))
    #expect(request.state == .completed)
    #expect(request.kinds == [.submitted, .posted, .notifiedOfCopy])
    #expect(request.result == 1000)
    #expect(request.cqeCount == 2)
    #expect(snapshot.counts.completed == 1)
    #expect(snapshot.counts.cqes == 2)
    #expect(snapshot.counts.errors == 0)
    #expect(snapshot.counts.bytesWritten == 1000)
    #expect(snapshot.latency.first?.summary.max == 1_000)
  }

  @Test func zeroCopySendThatFailsEarlyHasNoNotification() {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2)
    stream.complete(1, -22)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(7)?.state == .completed)
    #expect(snapshot.requests.isEmpty)
  }

  @Test func pointerOfASendThatAwaitsItsNotificationIsFree() {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2)
    stream.complete(1, 1000, flags: .more)
    stream.submit(1, "RECV", userData: 8)
    stream.complete(1, 5)
    let before = stream.snapshot()
    stream.notify(2)
    #expect(before.inFlight(7)?.state == .awaitingNotification)
    #expect(before.ended(8)?.state == .completed)
    #expect(before.counts.endedUnseen == 0)
    #expect(stream.snapshot().ended(7)?.state == .completed)
  }

  @Test func reuseOfTheNotificationEndsTheSend() {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2)
    stream.complete(1, 1000, flags: .more)
    stream.submit(2, userData: 8)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(7)?.state == .ended)
    #expect(snapshot.ended(7)?.isEndDerived == true)
    #expect(snapshot.requests.map(\.userData) == [8])
  }

  @Test func overflowedNotificationEndsTheSend() {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2) { $0.addr3 = 99 }
    stream.complete(1, 1000, flags: .more)
    stream.overflow(userData: 99, 0, flags: .notification)
    #expect(stream.snapshot().ended(7)?.state == .overflowed)
  }

  @Test func notificationOfAnUnknownAddressIsMatchedByUserData() {
    var stream = RecordStream()
    stream.submit(1, "SENDMSG_ZC", userData: 7)
    stream.complete(1, 1000, flags: .more)
    stream.notify(2, userData: 7)
    #expect(stream.snapshot().ended(7)?.state == .completed)
  }

  // MARK: Messages between rings

  @Test func messageRingPostsAnAuxiliaryCQEOnTheTarget() {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2, fd: 4)
    stream.submit(1, "MSG_RING", ring: 1, userData: 7) { $0.off = 99 }
    stream.completeUnnamed(ring: 2, userData: 99, 3)
    stream.complete(1, 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.map(\.counts.cqes) == [1, 1])
    #expect(snapshot.rings.map(\.counts.auxiliary) == [0, 1])
    #expect(snapshot.rings.map(\.counts.unmatched) == [0, 0])
    #expect(snapshot.rings.map(\.counts.completed) == [1, 0])
  }

  @Test func aMessageCanHaveAnyFlagsAndATagCanOverflow() {
    var stream = RecordStream()
    stream.create(1)
    stream.completeUnnamed(userData: 99, 3, flags: .more)
    stream.overflow(userData: 98, 0)
    var snapshot = stream.snapshot()
    #expect(snapshot.counts.auxiliary == 2)
    #expect(snapshot.counts.unmatched == 0)

    // If the ring is older than the capture, a request that uringtop does not know could have
    // posted this CQE.
    stream = RecordStream()
    stream.ringFound(1)
    stream.completeUnnamed(userData: 99, 3, flags: .more)
    snapshot = stream.snapshot()
    #expect(snapshot.counts.auxiliary == 0)
    #expect(snapshot.counts.unmatched == 1)
  }
}
