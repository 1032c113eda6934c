import Testing
import UringDocuments
import UringTrace

@testable import UringFindings

/// Tests of conditions that hold only for a while, and of rules that could not be evaluated.
@Suite struct DiagnosisHistoryTests {
  private static let second: UInt64 = 1_000_000_000

  /// Returns two snapshots of an open ring: one while each of its io-wq workers runs a request, and
  /// one a minute after these requests have ended.
  private func fanOut(workers: Int) -> (during: Snapshot, after: Snapshot) {
    var stream = RecordStream()
    stream.create(1)
    for worker in 1...workers {
      stream.tid = 100
      stream.submit(worker, "READ", userData: UInt64(worker))
      stream.queueAsyncWork(worker)
      stream.tid = 1_000 + UInt32(worker)
      stream.fileGet(worker)
    }
    let during = stream.snapshot()
    stream.time += Self.second
    for worker in 1...workers { stream.complete(worker, 0) }
    stream.time += 60 * Self.second
    return (during, stream.snapshot())
  }

  @Test func aConditionThatHeldForAWhileIsFoundWithItsTime() throws {
    let (during, after) = fanOut(workers: 40)
    var history = DiagnosisHistory()
    var later = during
    later.time += Self.second
    history.look(at: during)
    history.look(at: later)
    let findings = history.findings(at: after)
    #expect(findings.map(\.tag) == ["worker-fan-out"])
    let past = try #require(findings.first?.past)
    #expect(past.from == during.time && past.until == later.time && past.times == 1)
    #expect(past.requests.count == Finding.requestLimit)
    // The finding keeps the requests' state at that time, not their later state.
    #expect(past.requests.allSatisfy { !$0.state.isFinal })
    // A history that was not updated while the condition held finds nothing.
    var blind = DiagnosisHistory()
    #expect(blind.findings(at: after).isEmpty)
  }

  @Test func aConditionThatHoldsAtTheEndIsToldOnce() {
    let (during, _) = fanOut(workers: 40)
    var history = DiagnosisHistory()
    history.look(at: during)
    var end = during
    end.time += Self.second
    let findings = history.findings(at: end)
    #expect(findings.map(\.tag) == ["worker-fan-out"])
    #expect(findings.allSatisfy { $0.past == nil })
  }

  @Test func aConditionThatComesAgainIsCounted() throws {
    let (during, after) = fanOut(workers: 40)
    var history = DiagnosisHistory()
    for round in 0..<3 as Range<UInt64> {
      var held = during
      held.time += round * 10 * Self.second
      history.look(at: held)
      var calm = after
      calm.time = held.time + Self.second
      history.look(at: calm)
    }
    let past = try #require(history.findings(at: after).first?.past)
    #expect(past.times == 3)
  }

  /// Returns two snapshots of a task that waits for more CQEs than the requests in flight can post.
  /// The second is from after `end`, which submits the missing requests or ends the program.
  private func wait(endingWith end: (inout RecordStream) -> Void) -> (Snapshot, Snapshot) {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "POLL_ADD", userData: 7)
    stream.wait(1, for: 3)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 5 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    let during = stream.snapshot()
    end(&stream)
    return (during, stream.snapshot())
  }

  @Test func aWaitThatWentOnWasNoHang() {
    let (during, after) = wait {
      $0.submit(2, userData: 8)
      $0.complete(2)
      $0.depth(sq: 0, cq: 0)
      $0.time += 2 * Self.second
    }
    var history = DiagnosisHistory()
    history.look(at: during)
    #expect(history.findings(at: after).isEmpty)
  }

  @Test func aHangThatLastedUntilTheRingWasClosedIsFound() {
    let (during, after) = wait {
      $0.time += Self.second / 10
      $0.ringClosed(1)
      $0.time += 2 * Self.second
    }
    var history = DiagnosisHistory()
    history.look(at: during)
    let findings = history.findings(at: after)
    #expect(findings.map(\.tag) == ["hang"])
    #expect(findings.first?.past?.until == during.time)
  }

  // MARK: Not evaluated

  private func unevaluated(_ snapshot: Snapshot, seesEveryRequest: Bool = true) -> [String] {
    var diagnosis = Diagnosis(seesEveryRequest: seesEveryRequest)
    let findings = diagnosis.findings(in: snapshot)
    return UnevaluatedRule.lines(diagnosis.notEvaluated(in: snapshot, besides: findings))
  }

  @Test func rulesThatNeedALongerWatchAreNamed() {
    var stream = RecordStream()
    stream.time = 100 * Self.second
    stream.create(1)
    var snapshot = stream.snapshot()
    snapshot.host.startTime = snapshot.time - 2 * Self.second
    #expect(
      unevaluated(snapshot) == [
        "watched for 2 s; lost-wake, deadlock, hang, zero-copy-unread, leaked-request, unreaped-cqes, unsubmitted-sqes "
          + "and waiting need 3 s"
      ])
    snapshot.host.startTime = snapshot.time - 3 * Self.second
    #expect(unevaluated(snapshot).isEmpty)
    // For a ring with SQPOLL, another rule covers unsubmitted SQEs.
    snapshot.host.startTime = snapshot.time - 2 * Self.second
    snapshot.rings[0].setupFlags.insert(.sqPoll)
    #expect(
      unevaluated(snapshot) == [
        "watched for 2 s; lost-wake, deadlock, hang, zero-copy-unread, leaked-request, unreaped-cqes, sqpoll-stall, "
          + "sqpoll-starved, sqpoll-idle, sqpoll-sleeps and waiting need 3 s"
      ])
    // Closed rings are not evaluated.
    snapshot.rings[0].closedTime = snapshot.time - 2 * Self.second
    #expect(unevaluated(snapshot).isEmpty)
    // If there is no ring, the kernel may have refused to create one.
    #expect(
      unevaluated(RecordStream().snapshot()) == [
        "system calls were not watched; ring-refused needs them (--syscalls on)"
      ])
  }

  @Test func aRingFromBeforeIsWatchedFromTheFirstLook() {
    var stream = RecordStream()
    stream.time = 100 * Self.second
    stream.ringFound(1)
    var snapshot = stream.snapshot()
    snapshot.host.startTime = snapshot.time - 10 * Self.second
    #expect(unevaluated(snapshot).first?.hasPrefix("watched for 0") == true)
    snapshot.rings[0].firstLook = snapshot.time - 3 * Self.second
    #expect(unevaluated(snapshot).isEmpty)
  }

  @Test func rulesThatNeedEveryRequestAreNamed() {
    var stream = RecordStream()
    stream.create(1)
    var snapshot = stream.snapshot()
    snapshot.time += 10 * Self.second
    func line(_ reason: String) -> [String] {
      [
        "\(reason); deadlock, hang, leaked-request, open-link, unexplained-error, stale-completion, multishot-ended and "
          + "unlisted-requests need all"
      ]
    }
    #expect(
      unevaluated(snapshot, seesEveryRequest: false) == line("the filter leaves requests out"))
    snapshot.host.sampling = 10
    #expect(unevaluated(snapshot) == line("one request in 10 was recorded"))
    snapshot.lost.ringBufferFull = 1
    #expect(unevaluated(snapshot) == line("records were lost"))
  }

  @Test func allOfItIsInTheDocument() {
    let (during, after) = fanOut(workers: 40)
    var history = DiagnosisHistory()
    history.look(at: during)
    let findings = history.findings(at: after)
    let text = String(
      decoding: ReportDocument(
        findings, in: after,
        notEvaluated: [
          UnevaluatedRule(tag: "hang", reason: .watch(needed: 3, watched: 2)),
          UnevaluatedRule(tag: "leaked-request", reason: .losses),
        ], toolVersion: ""
      ).encoded(), as: UTF8.self)
    #expect(
      text.contains(#""past":{"from_ns":\#(during.time),"until_ns":\#(during.time),"times":1}"#))
    #expect(text.contains(#"{"tag":"hang","reason":"watch","needed_ns":3,"watched_ns":2}"#))
    #expect(text.contains(#"{"tag":"leaked-request","reason":"losses","needed_ns":null"#))
  }
}
