import Testing

@testable import UringTrace

/// Tests of request totals over all rings, and of the count of requests that are on none of the
/// kernel's lists (`notListed`).
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
    // The requests on ring 2 are older than the capture. An inventory walk (BPF iterators over the
    // kernel's structures) finds request 6, an event shows request 7, and only their CQEs show
    // requests 8 and 9.
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

  /// A counts record contains 10 submissions and 7 completions that have no records of their own.
  /// Only the end of the ring shows that the other 3 requests have ended.
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
    // The last counts record can arrive after the record of the ring's end.
    stream.counts(1, submitted: 0, completed: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.totals.endedUnseen == 1)
    #expect(snapshot.totals.balances)
    var limits = Aggregator.Limits()
    limits.closedRings = 0
    #expect(stream.snapshot(limits: limits).totals.balances)
  }

  /// The records of two completions were lost. The reuse of the first request's memory and the
  /// close of the second request's ring show that both have ended. A later counts record contains
  /// the two completions. Each end must count once.
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

  /// uringtop reads the BPF programs' counters some time after the records. Many rings can close
  /// and be forgotten in between.
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

  /// The kernel gave the memory of a closed ring to a new ring before uringtop read the last counts
  /// of the closed ring.
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

  /// Returns a stream with a ring older than the capture. The ring has one listed and two unlisted
  /// requests.
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

  /// On a busy ring, the kernel's count of requests and the records are from different times, so a
  /// later count can be too high. uringtop knows all requests that began since the first count, so
  /// the number of unlisted requests must never grow.
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

  /// The kernel counts the notification of a SEND_ZC as a separate request, but the application did
  /// not submit it.
  @Test func theNotificationOfAListedSendIsNotMissing() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "SEND_ZC", userData: 1)
    stream.balance(outstanding: 2)
    #expect(stream.snapshot().notListed == 0)
  }

  /// After an inventory walk (BPF iterators) began, uringtop can forget the addresses of requests
  /// that have ended. The walk's results and count are then void, because a result could be one of
  /// the ended requests.
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
