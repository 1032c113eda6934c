import CRecord
import Testing

@testable import UringFindings
@testable import UringTrace

/// Tests that findings stay true when the history no longer has the requests that showed them.
@Suite struct ForgottenHistoryTests {
  private static let second: UInt64 = 1_000_000_000

  private static var limits: Aggregator.Limits {
    var limits = Aggregator.Limits()
    limits.history = 20
    return limits
  }

  /// Adds a chain of three requests whose head fails with EINVAL.
  private func breakChain(_ stream: inout RecordStream, from first: Int) {
    stream.submit(first, "READ", userData: UInt64(first), flags: .link) { $0.len = 4096 }
    stream.submit(first + 1, userData: UInt64(first + 1), flags: .link)
    stream.link(first + 1, to: first)
    stream.submit(first + 2, userData: UInt64(first + 2))
    stream.link(first + 2, to: first)
    stream.complete(first, -22)
    stream.failLink(first, cancels: first + 1)
    stream.failLink(first, cancels: first + 2)
    stream.complete(first + 1, -125)
    stream.complete(first + 2, -125)
  }

  /// Adds requests of another ring that displace the history.
  private func displace(_ stream: inout RecordStream) {
    for request in 5_000..<5_030 {
      stream.submit(request, ring: 2, userData: UInt64(request))
      stream.complete(request)
    }
  }

  private func broken(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).filter { $0.tag == "broken-chain" }
  }

  @Test func brokenChainsAreCountedAfterTheirRequestsAreForgotten() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2)
    for chain in 0..<40 { breakChain(&stream, from: 10 + 3 * chain) }
    let kept = try #require(broken(stream.snapshot(limits: Self.limits)).first)
    #expect(
      kept.summary.hasSuffix(
        "failed with EINVAL and broke its chain: 80 requests cancelled in 40 chains"))
    #expect(kept.requestCount == 120)
    displace(&stream)
    let forgotten = try #require(broken(stream.snapshot(limits: Self.limits)).first)
    #expect(
      forgotten.summary
        == "READ requests failed with EINVAL and broke 40 chains: 80 requests cancelled")
    #expect(forgotten.numbers == kept.numbers && forgotten.requests.isEmpty)
    // The counts do not depend on the size of the history.
    #expect(broken(stream.snapshot()).first?.numbers == kept.numbers)
  }

  @Test func chainsThatBrokeBeforeTheWindowAreNotCounted() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2)
    breakChain(&stream, from: 10)
    displace(&stream)
    var diagnosis = Diagnosis(window: 10 * Self.second)
    func findings() -> [Finding] {
      diagnosis.findings(in: stream.snapshot(limits: Self.limits))
    }
    #expect(findings().map(\.tag) == ["broken-chain"])
    for _ in 0..<2 {
      stream.time += 20 * Self.second
      displace(&stream)
      _ = findings()
    }
    #expect(findings().isEmpty)
    breakChain(&stream, from: 200)
    let again = try #require(findings().first { $0.tag == "broken-chain" })
    #expect(again.numbers.map(\.value) == [1, 2])
  }

  /// A zero-copy send whose data the network stack copied.
  private func copiedSend(_ stream: inout RecordStream) {
    stream.submit(10, "SEND_ZC", userData: 0x10) { $0.fd = 5 }
    stream.complete(10, 100, flags: .more)
    stream.notify(10, userData: 0x10, .min)
  }

  @Test func anOccurrenceIsToldThroughoutTheWindow() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2)
    copiedSend(&stream)
    var diagnosis = Diagnosis(window: 10 * Self.second)
    func tags() -> [String] {
      diagnosis.findings(in: stream.snapshot(limits: Self.limits)).map(\.tag)
    }
    try #require(tags() == ["copied-send"])
    displace(&stream)
    stream.time += 9 * Self.second
    displace(&stream)
    #expect(tags() == ["copied-send"])
    stream.time += 2 * Self.second
    displace(&stream)
    #expect(tags().isEmpty)
  }

  @Test func anOccurrenceIsToldAtTheEndWithItsTime() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2)
    copiedSend(&stream)
    var history = DiagnosisHistory()
    let seen = stream.snapshot(limits: Self.limits)
    history.look(at: seen)
    stream.time += 2 * Self.second
    displace(&stream)
    let finding = try #require(history.findings(at: stream.snapshot(limits: Self.limits)).first)
    #expect(finding.tag == "copied-send")
    #expect(finding.past?.until == seen.time)
  }

  @Test func aCountOfSomeOfTheRequestsNamesTheTimeThatItCovers() throws {
    var stream = RecordStream()
    stream.create(1)
    for request in 10..<60 {
      stream.submit(request, "READ", userData: UInt64(request)) {
        $0.addr = 0x1000
        $0.len = 64
      }
      stream.complete(request, -14)
    }
    func summary(_ limits: Aggregator.Limits) throws -> String {
      var diagnosis = Diagnosis()
      let findings = diagnosis.findings(in: stream.snapshot(limits: limits))
      return try #require(findings.first { $0.tag == "bad-memory" }).summary
    }
    #expect(try summary(Aggregator.Limits()).hasSuffix("; and 49 more"))
    #expect(try summary(Self.limits).contains("; and 19 more, in the last "))
  }
}
