import Testing
import UringDocuments
import UringFindings
import UringTrace

/// Tests of findings over time, and of findings for which evidence is missing. Tests with real
/// programs check that each rule finds its fault.
@Suite struct DiagnosisTests {
  private static let second: UInt64 = 1_000_000_000

  private func tags(_ snapshot: Snapshot, seesEveryRequest: Bool = true) -> [String] {
    var diagnosis = Diagnosis(seesEveryRequest: seesEveryRequest)
    return diagnosis.findings(in: snapshot).map(\.tag)
  }

  @Test func nothingIsFoundWhereNothingIs() {
    #expect(tags(RecordStream().snapshot()).isEmpty)
  }

  @Test func whatHappenedIsForgottenWhenTheWindowHasPassed() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 7)
    stream.overflow(userData: 7)
    var snapshot = stream.snapshot()
    var diagnosis = Diagnosis(window: 10 * Self.second)
    snapshot.host.startTime = snapshot.time - Self.second
    #expect(diagnosis.findings(in: snapshot).map(\.tag) == ["cq-overflow"])
    snapshot.time += 5 * Self.second
    #expect(diagnosis.findings(in: snapshot).map(\.tag) == ["cq-overflow"])
    snapshot.time += 20 * Self.second
    _ = diagnosis.findings(in: snapshot)
    snapshot.time += 5 * Self.second
    #expect(diagnosis.findings(in: snapshot).isEmpty)
    // A second overflow is a new finding.
    snapshot.rings[0].counts.overflows += 2
    snapshot.time += Self.second
    let again = diagnosis.findings(in: snapshot)
    #expect(again.map(\.requestCount) == [2])
    // A snapshot from an earlier time (the user seeks back in a recording) resets the history.
    snapshot.time = snapshot.host.startTime + Self.second
    #expect(diagnosis.findings(in: snapshot).map(\.requestCount) == [3])
  }

  @Test func theWorstComesFirst() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 7)
    stream.overflow(userData: 7)
    stream.submit(2, "POLL_ADD", userData: 8)
    stream.wait(1, for: 4)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 5 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    var diagnosis = Diagnosis()
    let findings = diagnosis.findings(in: stream.snapshot())
    #expect(findings.map(\.tag) == ["hang", "cq-overflow"])
    #expect(findings[0].severity == .crit && findings[1].severity == .warn)
  }

  // MARK: Hangs

  /// A stream in which a task waits for three more CQEs while one request is in flight.
  private func hang(_ change: (inout RecordStream) -> Void = { _ in }) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "POLL_ADD", userData: 7)
    change(&stream)
    stream.wait(1, for: 3)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 5 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    return stream
  }

  @Test func whatIsLeftOutIsNotThoughtMissing() {
    #expect(tags(hang().snapshot()) == ["hang"])
    #expect(tags(hang { $0.lost(1) }.snapshot()) == ["waiting"])
    #expect(tags(hang().snapshot(), seesEveryRequest: false) == ["waiting"])
    var sampled = hang().snapshot()
    sampled.host.sampling = 10
    #expect(tags(sampled) == ["waiting"])
  }

  @Test func aMultishotRequestCanPostAsManyAsAreMissing() {
    let stream = hang { $0.submit(2, "POLL_ADD", userData: 8) { $0.len = 1 } }
    #expect(tags(stream.snapshot()) == ["waiting"])
  }

  @Test func messagesOfOtherRingsCanCome() {
    let stream = hang { $0.completeUnnamed(userData: 9) }
    #expect(tags(stream.snapshot()) == ["waiting"])
  }

  @Test func aZeroCopySendPostsTwo() {
    let stream = hang { $0.submit(2, "SEND_ZC", userData: 8, notification: 3) }
    #expect(tags(stream.snapshot()) == ["waiting"])
  }

  @Test func olderRequestsAreCountedByTheBalanceOnly() {
    func stream(outstanding: UInt64?) -> RecordStream {
      var stream = RecordStream()
      stream.ringFound(1)
      stream.submit(1, "POLL_ADD", userData: 7)
      if let outstanding { stream.balance(outstanding: outstanding) }
      stream.wait(1, for: 3)
      stream.depth(sq: 0, cq: 0, waiter: 100)
      stream.time += 5 * Self.second
      stream.depth(sq: 0, cq: 0, waiter: 100)
      return stream
    }
    #expect(tags(stream(outstanding: nil).snapshot()) == ["waiting"])
    #expect(tags(stream(outstanding: 3).snapshot()) == ["waiting", "unlisted-requests"])
    #expect(tags(stream(outstanding: 1).snapshot()) == ["hang"])
  }

  @Test func requestsOnNoListAreToldWithTheirNumber() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, userData: 1)
    stream.balance(outstanding: 4)
    var diagnosis = Diagnosis()
    let finding = try #require(diagnosis.findings(in: stream.snapshot()).first)
    #expect(finding.tag == "unlisted-requests" && finding.severity == .info)
    #expect(finding.requestCount == 3)
    #expect(
      finding.summary
        == "3 requests in flight are not listed, beside 1 that is: with the network stack "
        + "(notifications of zero-copy sends, until the peer has the data), a driver (URING_CMD), "
        + "or the block layer")
    stream.lost(1)
    #expect(tags(stream.snapshot()).isEmpty)
  }

  /// On a busy ring, requests that were in flight when an inventory walk (BPF iterators) began can
  /// have ended before the kernel's count of requests arrives. Such requests are not unlisted.
  @Test func requestsThatEndedSinceTheCountBeganAreNotUnlisted() {
    var stream = RecordStream()
    stream.ringFound(1)
    let start = stream.time
    for request in 1...3 { stream.complete(request) }
    stream.balance(outstanding: 3, at: start)
    #expect(stream.snapshot().notListed == 0)
    // Ends of requests that were never seen are counted even if the history has dropped the
    // requests.
    var limits = Aggregator.Limits()
    limits.history = 1
    #expect(stream.snapshot(limits: limits).notListed == 0)
    var more = RecordStream()
    more.ringFound(1)
    for request in 1...3 { more.complete(request) }
    more.balance(outstanding: 5, at: start)
    #expect(more.snapshot().notListed == 2)
  }

  /// If the history does not keep all requests that have ended since the inventory walk began, it is
  /// unknown how many of them were in flight when the walk began.
  @Test func aCountIsNotComparedWhenTooManyRequestsHaveEndedSince() {
    var stream = RecordStream()
    stream.ringFound(1)
    for request in 1...3 { stream.submit(request) }
    let start = stream.time
    stream.time += 10
    for request in 1...3 { stream.complete(request) }
    stream.balance(outstanding: 3, at: start)
    #expect(stream.snapshot().rings[0].balance?.unaccounted == 0)
    var limits = Aggregator.Limits()
    limits.history = 1
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.notListed == 0)
    #expect(snapshot.rings[0].balance?.method == .unknown)
  }

  /// A task frees requests that a worker completed only when it next enters the kernel. Until then,
  /// the kernel's count includes them.
  @Test func requestsThatAWorkerCompletedAreNotUnlistedUntilTheirTaskSubmitsAgain() {
    var stream = RecordStream()
    stream.ringFound(1)
    for request in 1...3 { stream.submit(request, "READ") }
    stream.tid = 77
    for request in 1...3 { stream.complete(request, 1) }
    stream.tid = 100
    var later = stream
    stream.balance(outstanding: 3)
    #expect(stream.snapshot().notListed == 0)
    later.submit(4, "READ")
    later.balance(outstanding: 4)
    #expect(later.snapshot().notListed == 3)
  }

  // MARK: Queues

  @Test func queuesThatMoveAreNotStuck() {
    var stream = RecordStream()
    stream.create(1)
    stream.depth(sq: 4, cq: 2)
    stream.time += 4 * Self.second
    stream.submit(1, userData: 7)
    stream.complete(1)
    stream.depth(sq: 4, cq: 2)
    #expect(tags(stream.snapshot()).isEmpty)
    let ring = stream.snapshot().rings[0]
    #expect(ring.sqPendingSince == ring.cqPendingSince)
    // From here on, neither the SQ nor the CQ changes.
    stream.time += 4 * Self.second
    stream.depth(sq: 5, cq: 2)
    #expect(Set(tags(stream.snapshot())) == ["unreaped-cqes", "unsubmitted-sqes"])
    stream.depth(sq: 0, cq: 0)
    #expect(tags(stream.snapshot()).isEmpty)
  }

  @Test func cqesThatPileUpAreUnreapedFromTheFirst() {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...4 {
      stream.submit(request, userData: UInt64(request))
      stream.complete(request)
      stream.depth(sq: 0, cq: UInt32(request))
      stream.time += 2 * Self.second
    }
    stream.depth(sq: 0, cq: 4)
    let snapshot = stream.snapshot()
    var diagnosis = Diagnosis()
    let found = diagnosis.findings(in: snapshot)
    #expect(found.map(\.tag) == ["unreaped-cqes"])
    let named = found[0].requests.compactMap { id in snapshot.recent.first { $0.id == id }?.userData
    }
    #expect(named == [1, 2, 3, 4])
  }

  // MARK: Leaks

  @Test func aRequestThatOutlivesItsRingIsLeaked() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7)
    stream.ringClosed(1)
    // The kernel may need a moment to cancel the request.
    #expect(tags(stream.snapshot()).isEmpty)
    stream.time += 2 * Self.second
    stream.create(2)
    let snapshot = stream.snapshot()
    var diagnosis = Diagnosis()
    let found = try #require(diagnosis.findings(in: snapshot).first)
    #expect(found.tag == "leaked-request")
    #expect(found.requests == [try #require(snapshot.ended(7)).id])
    // The request was cancelled after all.
    stream.complete(1, -125)
    #expect(tags(stream.snapshot()).isEmpty)
  }

  // MARK: ublk

  /// A stream in which a ublk server (process 99, ring 2) has had a client's READ for `seconds`
  /// seconds, as an inventory walk finds it at the end. `server` adds earlier events of the server.
  private func served(
    since seconds: UInt64, server: (inout RecordStream) -> Void = { _ in }
  ) -> RecordStream {
    var stream = RecordStream()
    stream.time = 100 * Self.second
    stream.create(1)
    stream.create(2, tgid: 99)
    server(&stream)
    stream.submit(1, "READ", userData: 7)
    stream.time += seconds * Self.second
    stream.disk(nil)
    stream.disk(
      1, tag: 3, server: 99, isWithServer: true, since: stream.time - seconds * Self.second)
    return stream
  }

  @Test func whatAServerDoesNotCommitIsFoundWithItsPlaceAndWhoWaits() throws {
    let snapshot = served(since: 4).snapshot()
    var diagnosis = Diagnosis()
    let found = try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "uncommitted-block" })
    #expect(found.severity == .warn)
    #expect(found.requests == [try #require(snapshot.inFlight(7)).id])
    #expect(
      found.summary.hasPrefix("ublkb0 queue 0 tag 3: read of 4096 bytes at sector 8 has been with"))
    #expect(found.summary.contains("app/99 for 4 s and is not committed; READ 0x7"))
  }

  @Test func aServerIsGivenTimeByWhatItUsuallyTakes() {
    #expect(tags(served(since: 2).snapshot()).isEmpty)
    // The server needed 1 s for another READ, so an I/O counts as late after ten times this time.
    let slow: (inout RecordStream) -> Void = { stream in
      stream.fetch(21, tag: 5, ring: 2)
      stream.deliver(21, block: 1, tag: 5)
      stream.time += Self.second
      stream.commit(22, tag: 5, ring: 2)
    }
    #expect(tags(served(since: 4, server: slow).snapshot()).isEmpty)
    #expect(tags(served(since: 11, server: slow).snapshot()) == ["uncommitted-block"])
  }

  @Test func theCommandThatHandedItOutIsNamed() throws {
    let stream = served(since: 4) { stream in
      stream.fetch(21, tag: 3, ring: 2)
      stream.deliver(21, block: 1, tag: 3)
    }
    let snapshot = stream.snapshot()
    var diagnosis = Diagnosis()
    let found = try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "uncommitted-block" })
    let waiting = try #require(snapshot.inFlight(7)).id
    let command = try #require(snapshot.recent.first { $0.opcode.name == "URING_CMD" }).id
    #expect(found.requests == [waiting, command])
    #expect(Set(found.rings) == Set(snapshot.rings.map(\.id)))
  }

  @Test func whatWasCommittedSinceTheLookIsNoMatter() {
    var stream = served(since: 4)
    stream.commit(22, tag: 3, ring: 2)
    #expect(tags(stream.snapshot()).isEmpty)
    stream = served(since: 4)
    stream.complete(1, 4096)
    #expect(tags(stream.snapshot()).isEmpty)
    // Now the driver has the block request, not the server.
    stream = served(since: 4)
    stream.disk(nil)
    stream.disk(1, tag: 3, server: 99, since: stream.time - 4 * Self.second)
    #expect(tags(stream.snapshot()).isEmpty)
  }

  @Test func aServerWithoutARingInViewIsNotNamed() {
    var stream = RecordStream()
    stream.create(1)
    stream.time += 10 * Self.second
    stream.disk(nil)
    stream.disk(0, tag: 3, server: 99, isWithServer: true, since: stream.time - 4 * Self.second)
    #expect(tags(stream.snapshot()).isEmpty)
  }

  @Test func whatLastsIsToldHoweverLongAgoItBegan() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 7) {
      $0.ioprio = 2
      $0.fd = 5
    }
    stream.complete(1, -105)
    stream.time += 60 * Self.second
    stream.create(2)
    var diagnosis = Diagnosis(window: 10 * Self.second)
    #expect(diagnosis.findings(in: stream.snapshot()).map(\.tag) == ["multishot-ended"])
    // The application submits the multishot RECV again.
    stream.submit(2, "RECV", userData: 7) {
      $0.ioprio = 2
      $0.fd = 5
    }
    #expect(diagnosis.findings(in: stream.snapshot()).isEmpty)
  }

  // MARK: Documents

  @Test func aReportIsTheSameForTheSameFindings() {
    let snapshot = hang().snapshot()
    var diagnosis = Diagnosis()
    let findings = diagnosis.findings(in: snapshot)
    let document = ReportDocument(
      findings, in: snapshot, command: (["a\"b"], .killed(9)), toolVersion: "1")
    let text = String(decoding: document.encoded(), as: UTF8.self)
    #expect(text.contains(#""worst":"crit""#))
    #expect(text.contains(#""counts":{"info":0,"warn":0,"crit":1}"#))
    #expect(text.contains(#""command":{"arguments":["a\"b"],"status":null,"signal":9}"#))
    #expect(text.contains(#""numbers":{"missing":3,"possible":1,"#))
    #expect(text.hasSuffix("]}\n"))
  }
}
