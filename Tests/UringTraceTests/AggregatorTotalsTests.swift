import Testing

@testable import UringTrace

/// Sums over all requests, and unlisted requests.
@Suite struct AggregatorTotalsTests {
  @Test func asManyBeginAsEndOrAreInFlight() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 1)
    stream.complete(1)
    stream.submit(2, userData: 2)
    stream.overflow(2)
    stream.submit(3, userData: 3, flags: .cqeSkipSuccess)
    stream.skip(3)
    stream.submit(4, userData: 4)
    stream.submit(5, userData: 5)
    stream.freed(5)
    stream.ringFound(2)
    // Requests found by a walk, by an event of their own, and only by their CQE.
    stream.parked(6, ring: 2, userData: 6)
    stream.known[7] = RecordStream.Known(ring: 2)
    stream.pollArm(7)
    stream.known[8] = RecordStream.Known(ring: 2)
    stream.complete(8)
    stream.known[9] = RecordStream.Known(ring: 2)
    stream.overflow(9)
    let totals = stream.snapshot().totals
    #expect(totals.submitted == 5)
    #expect(totals.found == 4)
    #expect(totals.completed == 2)
    #expect(totals.overflowed == 2)
    #expect(totals.skipped == 1)
    #expect(totals.endedUnseen == 1)
    #expect(totals.inFlight == 3)
    #expect(totals.balances)
  }

  /// Their submissions were counted; only the end of the ring shows that they ended.
  @Test func requestsThatWereOnlyCountedEndWithTheirRing() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 1)
    stream.counts(1, submitted: 10, completed: 7)
    #expect(stream.snapshot().totals.endedUnseen == 0)
    stream.complete(1)
    stream.ringClosed(1)
    #expect(stream.snapshot().totals.endedUnseen == 3)
    #expect(stream.snapshot().rings[0].counts.endedUnseen == 3)
    // The last counts can arrive after the record of the ring's end.
    stream.counts(1, submitted: 0, completed: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.totals.endedUnseen == 1)
    #expect(snapshot.totals.balances)
    var limits = Aggregator.Limits()
    limits.closedRings = 0
    #expect(stream.snapshot(limits: limits).totals.balances)
  }

  /// The record of an end was lost. The request is found to have ended when its ring closes, or when its memory is
  /// reused; its end is counted only later.
  @Test(arguments: [256, 0])
  func anEndThatIsFoundAndThenCountedIsOne(closedRings: Int) {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 1)
    stream.submit(2, userData: 2)
    stream.lost(2)
    stream.submit(1, userData: 3)
    stream.complete(1)
    stream.ringClosed(1)
    var limits = Aggregator.Limits()
    limits.closedRings = closedRings
    #expect(stream.snapshot(limits: limits).totals.endedUnseen == 2)
    stream.counts(1, submitted: 0, completed: 2)
    let totals = stream.snapshot(limits: limits).totals
    #expect(totals.completed == 3)
    #expect(totals.endedUnseen == 0)
    #expect(totals.balances)
  }

  @Test func forgottenRingsStayInTheSum() {
    var stream = RecordStream()
    for ring in 1...5 as ClosedRange<UInt64> {
      stream.create(ring)
      stream.submit(1, ring: ring, userData: ring)
      stream.complete(1)
      stream.submit(2, ring: ring, userData: ring, flags: .cqeSkipSuccess)
      stream.skip(2)
      stream.ringClosed(ring)
    }
    var limits = Aggregator.Limits()
    limits.closedRings = 1
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.rings.count == 1)
    #expect(snapshot.totals.submitted == 10)
    #expect(snapshot.totals.skipped == 5)
    #expect(snapshot.totals.rings == 5)
  }

  /// The counters are read some time after the records: many rings can close and be forgotten in between.
  @Test func theLastCountsOfAForgottenRingAddNoRing() {
    var stream = RecordStream()
    for ring in 1...3 as ClosedRange<UInt64> {
      stream.create(ring)
      stream.ringClosed(ring)
    }
    stream.counts(1, submitted: 4, completed: 3)
    var limits = Aggregator.Limits()
    limits.closedRings = 1
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.rings.count == 1)
    #expect(snapshot.totals.rings == 3)
    #expect(snapshot.totals.submitted == 4)
    #expect(snapshot.totals.completed == 3)
    #expect(snapshot.totals.endedUnseen == 1)
    #expect(snapshot.totals.balances)
  }

  /// The kernel gave the memory of a ring to the next one before its last counts were read.
  @Test(arguments: [256, 0])
  func countsGoToTheRingThatHadTheMemoryThen(closedRings: Int) {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 1)
    stream.complete(1)
    let reuse = stream.time
    stream.time += 10
    stream.create(1)
    stream.counts(1, submitted: 5, completed: 5, until: reuse)
    stream.counts(1, submitted: 2, completed: 2)
    var limits = Aggregator.Limits()
    limits.closedRings = closedRings
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.rings.last?.counts.submitted == 2)
    #expect(snapshot.rings.count == (closedRings == 0 ? 1 : 2))
    #expect(snapshot.rings[0].counts.submitted == (closedRings == 0 ? 2 : 6))
    #expect(snapshot.totals.submitted == 8)
    #expect(snapshot.totals.balances)
  }

  @Test func eventsWithoutACounterAreNoLossOfRecords() {
    var stream = RecordStream()
    stream.create(1)
    stream.lost(7, cause: .uncounted)
    let snapshot = stream.snapshot()
    #expect(snapshot.lost.uncounted == 7)
    #expect(snapshot.lost.total == 0)
  }

  // MARK: Not listed

  /// A ring older than the observation, with one listed and two unlisted requests.
  private func stream() -> RecordStream {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, userData: 1)
    stream.balance(outstanding: 3)
    return stream
  }

  @Test func whatTheCounterKnowsAndNoListHasIsCounted() {
    #expect(stream().snapshot().notListed == 2)
  }

  @Test func whoShowsItselfIsNotAmongThemAnyMore() {
    var stream = stream()
    stream.known[2] = RecordStream.Known()
    stream.complete(2)
    #expect(stream.snapshot().notListed == 1)
    stream.known[3] = RecordStream.Known()
    stream.taskAdd(3)
    #expect(stream.snapshot().notListed == 0)
  }

  /// On a busy ring the kernel's count and the records are from different times, but requests begun since are listed.
  @Test func itNeverGrows() {
    var stream = stream()
    stream.balance(outstanding: 20)
    #expect(stream.snapshot().notListed == 2)
    stream.balance(outstanding: 1)
    #expect(stream.snapshot().notListed == 0)
    stream.balance(outstanding: 3)
    #expect(stream.snapshot().notListed == 0)
  }

  @Test func aRingThatWasSeenFromItsCreationHasNone() {
    var stream = RecordStream()
    stream.create(1)
    stream.balance(outstanding: 3)
    #expect(stream.snapshot().notListed == 0)
  }

  /// In the kernel the notification is a separate request, but it is not one of the application's.
  @Test func theNotificationOfAListedSendIsNotMissing() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "SEND_ZC", userData: 1)
    stream.balance(outstanding: 2)
    #expect(stream.snapshot().notListed == 0)
  }

  /// Results and count of a walk are void if ended addresses were forgotten since.
  @Test func whatAWalkFoundBeforeAddressesWereForgottenIsNotCounted() {
    var stream = RecordStream()
    stream.ringFound(1)
    let walk = stream.time
    stream.time += 10
    for request in 1...20_000 { stream.complete(request) }
    for request in 30_001...30_010 { stream.parked(request, userData: 2, at: walk) }
    stream.balance(outstanding: 20_010, at: walk)
    var limits = Aggregator.Limits()
    limits.history = 1 << 16
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.requests.isEmpty)
    #expect(snapshot.rings[0].balance?.method == .unknown)
    #expect(snapshot.notListed == 0)
  }
}
