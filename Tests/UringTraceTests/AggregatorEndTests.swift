import Testing
import UringTrace

/// Tests of requests that do not end with an ordinary CQE: skipped CQEs, reused pointers,
/// overflows, lost records.
@Suite struct AggregatorEndTests {
  // MARK: CQE_SKIP

  @Test func skippedCQESeenExactly() throws {
    var stream = RecordStream()
    stream.submit(1, "WRITE", userData: 1, flags: .cqeSkipSuccess)
    stream.skip(1, 512)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(1))
    #expect(request.state == .skipped)
    #expect(!request.isEndDerived)
    #expect(request.result == 512)
    #expect(snapshot.counts.skipped == 1)
    #expect(snapshot.counts.cqes == 0)
    #expect(snapshot.counts.bytesWritten == 512)
    #expect(snapshot.latency.first?.summary.count == 1)
  }

  @Test func aFlushAfterTheCQEIsNoEvent() {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .cqeSkipSuccess)
    stream.complete(1, -5)
    stream.skip(1, -5)
    let snapshot = stream.snapshot()
    #expect(snapshot.events.map(\.kind) == [.submit, .complete])
    #expect(snapshot.ended(1)?.state == .completed)
  }

  @Test func skippedCQEDerivedFromTheFreeList() throws {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .cqeSkipSuccess)
    stream.freed(1)
    let request = try #require(stream.snapshot().ended(1))
    #expect(request.state == .skipped)
    #expect(request.isEndDerived)
    #expect(!request.hasResult)
  }

  @Test func skippedCQEDerivedFromReuse() throws {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .cqeSkipSuccess)
    stream.submit(1, userData: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .skipped)
    #expect(snapshot.ended(1)?.isEndDerived == true)
    #expect(snapshot.inFlight(2)?.state == .submitted)
  }

  @Test func failureUnderCQESkipPostsItsCQE() {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .cqeSkipSuccess)
    stream.complete(1, -9)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .completed)
    #expect(snapshot.counts.skipped == 0)
  }

  @Test func flushOfARequestThatAWorkerCompletedChangesNothing() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1)
    stream.complete(1, 7)
    stream.skip(1, 7)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .completed)
    #expect(snapshot.counts.skipped == 0)
    #expect(snapshot.counts.unmatched == 0)
  }

  // MARK: Reuse

  @Test func submissionOnALivePointerEndsTheOldRequest() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1)
    stream.submit(1, "WRITE", userData: 2)
    let snapshot = stream.snapshot()
    let old = try #require(snapshot.ended(1))
    #expect(old.state == .ended)
    #expect(old.isEndDerived)
    #expect(snapshot.requests.map(\.userData) == [2])
    #expect(snapshot.counts.endedUnseen == 1)
    #expect(snapshot.rings[0].inFlight == 1)
  }

  @Test func preparationFailureOnALivePointerEndsTheOldRequest() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1)
    stream.prepareFails(1, "READ", error: -22, userData: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .ended)
    #expect(snapshot.inFlight(2)?.preparationError == -22)
  }

  @Test func notificationOnALivePointerEndsTheOldRequest() {
    var stream = RecordStream()
    stream.submit(2, "READ", userData: 1)
    stream.submit(1, "SEND_ZC", userData: 2, notification: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .ended)
    #expect(snapshot.requests.map(\.userData) == [2])
  }

  @Test func manyPointersOverManyRounds() {
    var stream = RecordStream()
    for round in 0..<20 {
      for request in 1...400 { stream.submit(round * 400 + request, userData: UInt64(request)) }
      for request in 1...400 where request % 4 != 0 { stream.complete(round * 400 + request) }
    }
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 20 * 100)
    #expect(snapshot.requests.allSatisfy { $0.userData % 4 == 0 })
    #expect(snapshot.counts.completed == 20 * 300)
    #expect(snapshot.counts.unmatched == 0)
  }

  // MARK: Overflow

  @Test func overflowWithItsRequest() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.overflow(1, 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .overflowed)
    #expect(snapshot.counts.overflows == 1)
    #expect(snapshot.counts.completed == 0)
    #expect(snapshot.counts.dropped == 0)
  }

  @Test func overflowWithoutRequestIsMatchedByUserData() {
    var stream = RecordStream()
    for request in 1...5 { stream.submit(request, userData: UInt64(request)) }
    stream.submit(9, ring: 2, userData: 3)
    stream.overflow(ring: 1, userData: 3, -5)
    stream.submit(6, userData: 6)
    stream.overflow(ring: 1, userData: 6)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(3)?.ring == 1)
    #expect(snapshot.ended(3)?.result == -5)
    #expect(snapshot.ended(6)?.state == .overflowed)
    #expect(snapshot.requests.map(\.userData) == [1, 2, 4, 5, 3])
    #expect(snapshot.counts.ambiguous == 0)
  }

  @Test func ambiguousOverflowEndsTheOldestAndIsCounted() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 7)
    stream.submit(2, "READ", userData: 7)
    stream.overflow(userData: 7, -5)
    let snapshot = stream.snapshot()
    #expect(snapshot.recent.map(\.id) == [1])
    #expect(snapshot.requests.map(\.id) == [2])
    #expect(snapshot.counts.ambiguous == 1)
  }

  @Test func overflowIsThatOfTheRequestWhoseNormalEndItIs() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 7)
    stream.submit(2, "TIMEOUT", userData: 7)
    stream.overflow(userData: 7, -62)
    let snapshot = stream.snapshot()
    #expect(snapshot.recent.map(\.id) == [2])
    #expect(snapshot.requests.map(\.id) == [1])
  }

  @Test func overflowIsNotMatchedToARequestThatAskedForLess() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 7) { $0.len = 100 }
    stream.submit(2, "READ", userData: 7) { $0.len = 4096 }
    stream.overflow(userData: 7, 4096)
    let snapshot = stream.snapshot()
    #expect(snapshot.recent.map(\.id) == [2])
    #expect(snapshot.counts.ambiguous == 0)
  }

  @Test func overflowOfNoKnownRequestIsUnmatched() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.overflow(userData: 99)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 1)
    #expect(snapshot.counts.unmatched == 1)
  }

  @Test func droppedCQEIsCountedAsLostForTheApplication() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.overflow(1, 0, dropped: true)
    let snapshot = stream.snapshot()
    #expect(snapshot.counts.dropped == 1)
    #expect(snapshot.counts.cqes == 0)
    #expect(snapshot.ended(1)?.state == .overflowed)
  }

  // MARK: Losses

  @Test func completionOfAnUnknownRequestMakesNoGhost() {
    var stream = RecordStream()
    stream.complete(1, 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.isEmpty)
    #expect(snapshot.recent.isEmpty)
    #expect(snapshot.counts.unmatched == 1)
    #expect(snapshot.counts.completed == 1)
    // The request's start is unknown, so it has no latency.
    #expect(snapshot.counts.unmeasured == 1)
  }

  @Test func lostCompletionsAreHealedByTheFreeList() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.submit(2, userData: 2)
    stream.lost(17)
    let before = stream.snapshot()
    stream.freed(1)
    let after = stream.snapshot()
    #expect(before.lost.ringBufferFull == 17)
    #expect(before.requests.allSatisfy { $0.isSuspect })
    #expect(after.ended(1)?.state == .ended)
    #expect(after.ended(1)?.isEndDerived == true)
    #expect(after.requests.map(\.userData) == [2])
  }

  @Test func requestsHeardOfAfterALossAreNotSuspect() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.submit(2, userData: 2)
    stream.lost(1)
    stream.pollArm(1)
    stream.submit(3, userData: 3)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.map(\.isSuspect) == [false, true, false])
  }

  @Test func freeListReadBeforeTheLastEventSaysNothing() {
    var stream = RecordStream()
    let early = stream.time
    stream.submit(1, userData: 1)
    stream.freed(1, at: early - 1)
    #expect(stream.snapshot().requests.count == 1)
  }

  @Test func reuseAfterALossIsNotTakenForASkippedCQE() {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .cqeSkipSuccess)
    stream.lost(5)
    stream.submit(1, userData: 2)
    #expect(stream.snapshot().ended(1)?.state == .ended)
  }

  @Test func completionOfALaterRequestAtTheSamePointerIsNotMistaken() {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1)
    stream.lost(2)
    // The lost records are the CQE of the first request and the submission of the request with
    // `user_data` 9.
    stream.completeAs(1, userData: 9)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .ended)
    #expect(snapshot.counts.unmatched == 1)
    // The request with `user_data` 9 has ended. Its submission was counted when the record of the
    // submission was lost.
    #expect(snapshot.counts.completed == 1)
  }

  @Test func eventOfALostSubmissionMakesARequestAfterALoss() {
    var stream = RecordStream()
    stream.submit(1, "RECV", userData: 1)
    stream.complete(1)
    stream.lost(1)
    stream.pollArm(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 1)
    #expect(snapshot.requests[0].isStartKnown == false)
  }

  @Test func lossesByCause() {
    var stream = RecordStream()
    stream.lost(3)
    stream.lost(4, cause: .outputStalled)
    stream.lost(.max)
    let lost = stream.snapshot().lost
    #expect(lost.outputStalled == 4)
    #expect(lost.ringBufferFull == .max)
  }

  @Test func changedUserDataIsFollowed() {
    var stream = RecordStream()
    stream.submit(1, "POLL_ADD", userData: 1)
    stream.completeAs(1, userData: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(2)?.state == .completed)
    #expect(snapshot.counts.unmatched == 0)
  }

  @Test func timeoutThatExpiresAfterItsRingWasThoughtClosedIsNoError() {
    var stream = RecordStream()
    stream.submit(1, "TIMEOUT", userData: 1)
    stream.ringClosed(1)
    stream.complete(1, -62)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .completed)
    #expect(snapshot.counts.errors == 0)
  }

  /// A completed request is in the latencies, or counts as unmeasured.
  @Test func endOfARequestOlderThanTheObservationIsUnmeasured() {
    var stream = RecordStream()
    stream.parked(1, userData: 7)
    stream.submit(2, userData: 8)
    stream.complete(1, 1)
    stream.complete(2)
    let snapshot = stream.snapshot()
    #expect(snapshot.counts.found == 1 && snapshot.counts.completed == 2)
    #expect(snapshot.counts.unmeasured == 1)
    #expect(snapshot.latency.reduce(0) { $0 + $1.summary.count } == 1)
  }
}
