import Testing
import UringTrace

/// The request that the tracepoint `io_uring_link` names as the link's target.
enum LinkTarget: CaseIterable {
  /// The head of the chain: Linux 6.1.
  case head
  /// The previous request of the chain: Linux 6.12 and later.
  case previous
}

@Suite struct AggregatorChainTests {
  /// Returns a stream that submits requests 1…`count` as one chain, each with its number as
  /// `user_data`.
  private func chain(
    _ count: Int, _ target: LinkTarget = .previous, flags: SQEFlags = .link,
    opcodes: [Int: String] = [:]
  ) -> RecordStream {
    var stream = RecordStream()
    for number in 1...count {
      stream.submit(
        number, opcodes[number] ?? "READ", userData: UInt64(number),
        flags: number < count ? flags : [])
      if number > 1 { stream.link(number, to: target == .head ? 1 : number - 1) }
    }
    return stream
  }

  private func members(_ snapshot: Snapshot) -> [UInt64] {
    snapshot.chains.first?.members.map(\.userData) ?? []
  }

  @Test(arguments: LinkTarget.allCases) func membersAreInOrder(target: LinkTarget) throws {
    let snapshot = chain(4, target).snapshot()
    let chain = try #require(snapshot.chains.first)
    #expect(snapshot.chains.count == 1)
    #expect(chain.members.map(\.userData) == [1, 2, 3, 4])
    #expect(chain.brokenBy == 0)
    #expect(snapshot.requests.allSatisfy { $0.chain == chain.id })
    #expect(snapshot.requests.map(\.state) == [.submitted, .linked, .linked, .linked])
  }

  @Test func twoChainsAtTheSamePointersAreTwo() {
    var stream = chain(2)
    stream.complete(1)
    stream.complete(2)
    stream.submit(1, userData: 3, flags: .link)
    stream.submit(2, userData: 4)
    stream.link(2, to: 1)
    let chains = stream.snapshot().chains
    #expect(chains.map { $0.members.map(\.userData) } == [[1, 2], [3, 4]])
  }

  @Test func nextMemberRunsWhenTheOneBeforeIsDone() {
    var stream = chain(3)
    stream.complete(1, 10)
    #expect(stream.snapshot().requests.map(\.state) == [.submitted, .linked])
  }

  @Test func timeBehindTheOneBeforeIsHeld() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, flags: .link)
    stream.submit(2, "WRITE", userData: 2)
    stream.link(2, to: 1)
    stream.time = 1_000_010_000
    stream.complete(1, 1)
    stream.time = 1_000_015_000
    stream.complete(2, 1)
    let latency = try #require(stream.snapshot().latency.first { $0.opcode == op("WRITE") })
    // Since the start of the stream, the WRITE was submitted at 1 µs and linked at 2 µs. The READ's
    // CQE released it at 10 µs, and it completed at 15 µs.
    #expect(latency.stageTotals[Int(Stage.held.rawValue)] == 8_000)
    #expect(latency.stageTotals[Int(Stage.issued.rawValue)] == 6_000)
  }

  /// The CQE of the failed request is posted before the requests linked to it fail.
  @Test func failureInTheMiddle() throws {
    var stream = chain(5)
    stream.complete(1, 10)
    stream.complete(2, -5)
    for number in 3...5 { stream.failLink(2, cancels: number) }
    for number in 3...5 { stream.complete(number, -125) }
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.members.map(\.userData) == [1, 2, 3, 4, 5])
    #expect(chain.brokenBy == 2)
    #expect(chain.members.map(\.isCancelled) == [false, false, true, true, true])
    #expect(chain.members.map(\.result) == [10, -5, -125, -125, -125])
  }

  @Test func failedRequestShowsItAsAStepAndKeepsItsEnd() throws {
    var stream = chain(2)
    stream.complete(1, -5)
    let end = stream.time - 1_000
    stream.failLink(1, cancels: 2)
    let request = try #require(stream.snapshot().ended(1))
    #expect(request.kinds == [.submitted, .completed, .linkFailed])
    #expect(request.lastTime == end)
    #expect(stream.snapshot().inFlight(2)?.kinds.last == .linkCancelled)
  }

  @Test func hardLinkRunsOnAfterAFailure() throws {
    var stream = chain(2, flags: .hardlink)
    stream.complete(1, -5)
    #expect(stream.snapshot().inFlight(2)?.state == .submitted)
    stream.complete(2, 0)
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.brokenBy == 0)
    #expect(chain.members.map(\.isCancelled) == [false, false])
  }

  /// The preparation of the chain's last member fails, and this member joins the chain without an
  /// `io_uring_link` event. The kernel then names the chain's head in `io_uring_fail_link` and
  /// completes the head with -ECANCELED. Still, the cause is the last member.
  @Test func preparationFailureOfTheLastMemberIsTheCause() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, flags: .link)
    stream.submit(2, "READ", userData: 2, flags: .link)
    stream.link(2, to: 1)
    stream.prepareFails(3, "READ_FIXED", error: -14, userData: 3)
    stream.complete(1, -125)
    stream.failLink(1, cancels: 2)
    stream.failLink(1, cancels: 3)
    stream.complete(2, -125)
    stream.complete(3, -14)
    let snapshot = stream.snapshot()
    let chain = try #require(snapshot.chains.first)
    #expect(snapshot.chains.count == 1)
    #expect(chain.members.map(\.userData) == [1, 2, 3])
    #expect(chain.brokenBy == 3)
    #expect(chain.members.map(\.isCancelled) == [true, true, false])
  }

  @Test(arguments: LinkTarget.allCases)
  func preparationFailureInTheMiddleTakesItsPlace(target: LinkTarget) throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, flags: .link)
    stream.prepareFails(2, "READ_FIXED", error: -14, userData: 2, flags: .link)
    stream.submit(3, "READ", userData: 3, flags: .link)
    stream.link(3, to: target == .head ? 1 : 2)
    stream.submit(4, "READ", userData: 4)
    stream.link(4, to: target == .head ? 1 : 3)
    stream.complete(1, -125)
    for number in 2...4 { stream.failLink(1, cancels: number) }
    for (number, result) in [(2, -14), (3, -125), (4, -125)] {
      stream.complete(number, Int32(result))
    }
    let snapshot = stream.snapshot()
    let chain = try #require(snapshot.chains.first)
    #expect(snapshot.chains.count == 1)
    #expect(chain.members.map(\.userData) == [1, 2, 3, 4])
    #expect(chain.brokenBy == snapshot.ended(2)?.id)
    #expect(chain.members.map(\.isCancelled) == [true, false, true, true])
    #expect(snapshot.recent.allSatisfy { $0.chain == chain.id })
  }

  @Test func preparationFailureOfTheHeadIsTheCause() throws {
    var stream = RecordStream()
    stream.prepareFails(1, "READ_FIXED", error: -14, userData: 1, flags: .link)
    stream.submit(2, "READ", userData: 2)
    stream.link(2, to: 1)
    stream.complete(1, -14)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.members.map(\.userData) == [1, 2])
    #expect(chain.brokenBy == 1)
    #expect(chain.members.map(\.isCancelled) == [false, true])
  }

  /// On 6.1 a chain member can fail in preparation after `io_uring_submit_sqe` has fired for it.
  @Test func preparationFailureAfterSubmissionOn6_1() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 1, flags: .link)
    stream.submit(2, "READ_FIXED", userData: 2)
    stream.prepareFails(2, "READ_FIXED", error: -14, userData: 2)
    stream.complete(1, -125)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -14)
    let snapshot = stream.snapshot()
    let chain = try #require(snapshot.chains.first)
    #expect(chain.members.map(\.userData) == [1, 2])
    #expect(chain.brokenBy == snapshot.ended(2)?.id)
    #expect(snapshot.counts.submitted == 2)
  }

  @Test func linkTimeoutThatFiresIsTheCause() throws {
    var stream = chain(3, opcodes: [2: "LINK_TIMEOUT", 3: "WRITE"])
    stream.complete(2, -62)
    stream.complete(1, -125)
    stream.failLink(1, cancels: 3)
    stream.complete(3, -125)
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.brokenBy == 2)
    #expect(chain.members.map(\.isCancelled) == [true, false, true])
  }

  @Test func linkTimeoutThatIsDisarmedBreaksNothing() throws {
    var stream = chain(3, opcodes: [2: "LINK_TIMEOUT", 3: "WRITE"])
    stream.complete(1, 100)
    let afterRead = stream.snapshot()
    stream.complete(2, -125)
    stream.complete(3, 100)
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.brokenBy == 0)
    #expect(chain.members.allSatisfy { !$0.isCancelled })
    #expect(afterRead.inFlight(3)?.state == .submitted)
  }

  @Test func linkTimeoutDisarmedBecauseTheReadFailedIsNoVictim() throws {
    var stream = chain(3, opcodes: [2: "LINK_TIMEOUT", 3: "WRITE"])
    stream.complete(1, -5)
    stream.failLink(1, cancels: 3)
    stream.complete(2, -125)
    stream.complete(3, -125)
    let chain = try #require(stream.snapshot().chains.first)
    #expect(chain.brokenBy == 1)
    #expect(chain.members.map(\.isCancelled) == [false, false, true])
  }

  @Test func membersBehindAFailedCQESkipEndInSilence() throws {
    var stream = chain(3, flags: [.link, .cqeSkipSuccess])
    stream.complete(1, -9)
    stream.failLink(1, cancels: 2)
    stream.failLink(1, cancels: 3)
    stream.freed(2)
    stream.freed(3)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(3)?.state == .skipped)
    #expect(snapshot.ended(3)?.isEndDerived == true)
    #expect(snapshot.chains.first?.members.map(\.isCancelled) == [false, true, true])
    #expect(snapshot.counts.endedUnseen == 0)
  }

  @Test func endedMembersStayAsLongAsTheChain() {
    var stream = chain(2)
    stream.complete(1)
    for number in 0..<50 {
      stream.submit(10 + number, userData: 100)
      stream.complete(10 + number)
    }
    var limits = Aggregator.Limits()
    limits.history = 5
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.ended(1) == nil)
    #expect(members(snapshot) == [1, 2])
  }

  @Test func chainGoesWithItsLastMember() {
    var stream = chain(2)
    stream.complete(1)
    stream.complete(2)
    for number in 0..<50 {
      stream.submit(10 + number, userData: 100)
      stream.complete(10 + number)
    }
    var limits = Aggregator.Limits()
    limits.history = 5
    #expect(stream.snapshot(limits: limits).chains.isEmpty)
  }

  @Test func chainWhoseHeadWasLost() {
    var stream = RecordStream()
    stream.submit(2, userData: 2, flags: .link)
    stream.link(2, to: 1)
    stream.submit(3, userData: 3)
    stream.link(3, to: 1)
    #expect(members(stream.snapshot()) == [2, 3])
  }

  @Test func linkFailureWithoutHistory() {
    var limits = Aggregator.Limits()
    limits.history = 0
    var stream = RecordStream()
    for _ in 0..<3 {
      stream.submit(1, userData: 1, flags: .link)
      stream.submit(2, userData: 2)
      stream.link(2, to: 1)
      stream.complete(1, -5)
      stream.failLink(1, cancels: 2)
      stream.complete(2, -125)
    }
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.requests.isEmpty)
    #expect(snapshot.chains.isEmpty)
    #expect(snapshot.counts.completed == 6)
  }
}
