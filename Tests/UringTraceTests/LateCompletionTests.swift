import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of findings about CQEs that are reaped late (`reap-lag`), have a `user_data` that a newer
/// request also uses (`stale-completion`), or are never posted because the multishot request has
/// ended (`hang`).
@Suite struct LateCompletionTests {
  private static let second: UInt64 = 1_000_000_000
  private static let millisecond: UInt64 = 1_000_000

  private func findings(_ tag: String, _ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).filter { $0.tag == tag }
  }

  // MARK: reap-lag

  private func lagging(
    _ lag: UInt64, call: String = "clock_nanosleep\nhrtimer_nanosleep", isTaken: Bool = true
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7)
    stream.complete(1, 4)
    stream.depth(sq: 0, cq: 1)
    stream.time += Self.second
    var body = record_reap_lag()
    body.since_ns = stream.time - lag
    body.taken_ns = isTaken ? stream.time + Self.millisecond : 0
    body.user_data = 7
    body.count = 1
    body.length = UInt32(call.utf8.count)
    stream.add(&body, \.base, .reapLag, 0, ring: 1, text: Array(call.utf8))
    return stream.snapshot()
  }

  @Test func theThreadThatTakesThemLateIsNamed() throws {
    let finding = try #require(findings("reap-lag", lagging(200 * Self.millisecond)).first)
    #expect(finding.requests == [1])
    #expect(finding.summary.hasPrefix("the CQE of READ 0x7"))
    #expect(finding.summary.contains("stayed in the queue for 200 ms"))
    #expect(finding.summary.contains("which reaps it, was blocked in clock_nanosleep()"))
  }

  @Test func aShortTimeAndAThreadThatRunsAreNothing() {
    #expect(findings("reap-lag", lagging(49 * Self.millisecond)).isEmpty)
    #expect(findings("reap-lag", lagging(200 * Self.millisecond, call: "")).isEmpty)
  }

  @Test func whatLiesThereStillIsAnotherRules() {
    #expect(findings("reap-lag", lagging(200 * Self.millisecond, isTaken: false)).isEmpty)
  }

  // MARK: stale-completion

  /// Returns a snapshot after two rounds of READs. In each round the older READ ends last.
  private func stale(
    second userData: UInt64 = 7, third: Bool = false, ordered: Bool = false, sameFile: Bool = false
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    for round in 0..<2 {
      let first = round * 3 + 1
      stream.submit(first, "READ", userData: 7) { $0.fd = 3 }
      stream.submit(first + 1, "READ", userData: userData) { $0.fd = sameFile ? 3 : 4 }
      if third { stream.submit(first + 2, "READ", userData: 7) { $0.fd = 5 } }
      stream.complete(ordered ? first : first + 1, 3)
      stream.time += 50 * Self.millisecond
      stream.complete(ordered ? first + 1 : first, 4)
      if third { stream.complete(first + 2, 4) }
    }
    return stream.snapshot()
  }

  @Test func theOlderRequestOfAUserDataThatEndsLastIsNamed() throws {
    let finding = try #require(findings("stale-completion", stale()).first)
    #expect(finding.requests == [3, 4] && finding.requestCount == 4)
    #expect(finding.summary.contains("later the older READ 0x7 on fd 3"))
  }

  @Test func requestsThatCanBeToldApartAreNone() {
    #expect(findings("stale-completion", stale(second: 8)).isEmpty)
    #expect(findings("stale-completion", stale(ordered: true)).isEmpty)
    #expect(findings("stale-completion", stale(sameFile: true)).isEmpty)
    // If three requests in flight have the same `user_data`, the program uses it for a kind of
    // request, not for a single request.
    #expect(findings("stale-completion", stale(third: true)).isEmpty)
  }

  // MARK: hang

  /// Returns a snapshot in which a multishot POLL_ADD has ended and a thread still waits for a CQE.
  private func deaf(isArmedAgain: Bool = false) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    let poll = { (sqe: inout SQE) in (sqe.fd, sqe.len) = (5, 1) }
    stream.submit(1, "POLL_ADD", userData: 0xf01, sqe: poll)
    stream.overflow(1, 1)
    if isArmedAgain { stream.submit(2, "POLL_ADD", userData: 0xf01, sqe: poll) }
    stream.wait(1, for: 1)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 10 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    return stream.snapshot()
  }

  @Test func aHangNamesTheMultishotRequestThatWouldHaveWokenTheThread() throws {
    let finding = try #require(findings("hang", deaf()).first)
    #expect(finding.requests.first == 1)
    #expect(finding.summary.contains("POLL_ADD 0xf01 on fd 5 ended"))
    #expect(finding.summary.contains("with an overflow of the completion queue"))
    #expect(finding.cure.contains("F_MORE"))
    #expect(findings("hang", deaf(isArmedAgain: true)).isEmpty)
  }

  /// Of a request older than the capture, only its last CQE is left, in the ring's memory.
  @Test func aHangFoundLateQuotesTheLastCQE() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.balance(outstanding: 0)
    var body = record_reaped()
    body.user_data = 0xf01
    body.res = 1
    stream.add(&body, \.base, .reaped, 0, ring: 1)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 10 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100, asleepMilliseconds: 9_000)
    let finding = try #require(findings("hang", stream.snapshot()).first)
    #expect(
      finding.summary.contains(
        "the last CQE that was taken has user_data 0xf01, result 1 and no IORING_CQE_F_MORE"))
  }
}
