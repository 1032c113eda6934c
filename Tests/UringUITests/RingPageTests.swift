import Testing

@testable import UringFindings
@testable import UringTrace
@testable import UringUI

/// Tests of a ring's page, and of the marks on rows that findings are about.
@Suite struct RingPageTests: InterfaceSuite {
  private static let snapshot: Snapshot = {
    var ring = Make.ring(1, pid: 100, comm: "server", inFlight: 2)
    ring.setupFlags = [.singleIssuer, .deferTaskrun]
    ring.firstLook = 1
    ring.counts.overflows = 3
    ring.counts.submitted = 1_234
    ring.cqPending = 7
    ring.waiter = Ring.Waiter(
      tid: 100, tgid: 100, count: 1, missing: 2, minEvents: 4, since: 2_000_000_000)
    ring.errnos = [Ring.ErrnoCount(errno: 5, count: 9)]
    ring.notListed = 3
    return Make.snapshot(
      rings: [ring, Make.ring(2, pid: 200, comm: "other")],
      requests: [
        Make.request(11, state: .pollArmed, startedAt: 1, userData: 0xbad),
        Make.request(12, opcode: 0, state: .deferred, startedAt: 1),
      ], at: 5)
  }()

  @Test func itSaysWhoWaitsWhatIsQueuedAndWhatTheFlagsMean() {
    var interface = interface(Self.snapshot)
    press(&interface, "i")
    let text = screen(&interface, width: 100, height: 40)
    for part in [
      "Ring 1", "for 4 CQEs, 2 still missing", "7 of", "1,234 submitted",
      "3 that cannot be listed", "9 EIO", "SINGLE_ISSUER", "Only one thread may submit.",
      "cq-overflow",
    ] { #expect(text.contains(part), "\(part) in \(text)") }
  }

  @Test func aWaiterForOneCQEIsInTheSingular() {
    var snapshot = Self.snapshot
    snapshot.rings[0].waiter?.minEvents = 1
    var interface = interface(snapshot)
    press(&interface, "i")
    #expect(screen(&interface, width: 100).contains("for 1 CQE, 2 still missing"))
  }

  @Test func theClocksOfAClosedRingStop() {
    var snapshot = Self.snapshot
    snapshot.rings[0].cqPendingSince = 1_000_000_000
    snapshot.rings[0].lastLook = 3_000_000_000
    snapshot.rings[0].closedTime = 3_500_000_000
    snapshot.time = 60_000_000_000
    var interface = interface(snapshot)
    press(&interface, "i")
    let text = screen(&interface, width: 120, height: 40)
    #expect(text.contains("closed 56.5s ago"), "\(text)")
    #expect(text.contains("none taken for 2.00s  at the last look before it was closed"), "\(text)")
    #expect(!text.contains(" Waits"), "\(text)")
  }

  /// CQEs that an inventory found can have been reaped since.
  @Test func onlyCQEsThatAreStillInTheQueueAreListed() {
    var snapshot = Self.snapshot
    snapshot.rings[0].cqPending = 1
    snapshot.rings[0].unreaped = [
      Ring.UnreapedCQE(userData: 0xbeef, result: 0, flags: 0, isOverflowed: false)
    ]
    snapshot.rings[0].cqPendingSince = 2_000_000_000
    snapshot.rings[0].balance = Ring.Balance(
      method: .allocated, outstanding: 2, accounted: 2, reached: 2, time: 3_000_000_000)
    var interface = interface(snapshot)
    press(&interface, "i")
    #expect(screen(&interface, width: 120, height: 40).contains("0xbeef → 0"))
    snapshot.rings[0].cqPendingSince = 4_000_000_000
    var later = self.interface(snapshot)
    press(&later, "i")
    #expect(!screen(&later, width: 120, height: 40).contains("0xbeef"))
  }

  @Test func theQueuesOfAClosedRingAreNotListed() {
    var snapshot = Self.snapshot
    snapshot.rings[0].cqPending = 9
    var interface = interface(snapshot)
    let queue = "9/\(snapshot.rings[0].cqEntries)"
    #expect(screen(&interface, width: 120).contains(queue))
    snapshot.rings[0].closedTime = 3_000_000_000
    var closed = self.interface(snapshot)
    #expect(!screen(&closed, width: 120).contains(queue))
  }

  @Test func aClosedRingIsMarkedWithoutColours() {
    var snapshot = Self.snapshot
    snapshot.rings[1].closedTime = 3_000_000_000
    var interface = interface(snapshot)
    let lines = screen(&interface, width: 80).split(separator: "\n")
    #expect(lines.contains { $0.contains("other") && $0.contains("closed") })
    #expect(screen(&interface, width: 120).contains("Rings 1 open"))
  }

  @Test(arguments: [60, 80]) func longLinesOfThePageContinueBelow(width: Int) {
    var snapshot = Self.snapshot
    snapshot.rings[0].counts.found = 1
    snapshot.rings[0].counts.skipped = 22_222
    snapshot.rings[0].counts.endedUnseen = 33_333
    snapshot.rings[0].counts.punted = 44_444
    var interface = interface(snapshot)
    press(&interface, "i")
    let text = screen(&interface, width: width, height: 60)
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(
      words.contains(
        "1 older than uringtop, 22,222 ended without a CQE (CQE_SKIP), 33,333 ended unseen, "
          + "44,444 handed to io-wq"), "\(text)")
  }

  @Test func enterOnItsPageOpensAFinding() {
    var interface = interface(Self.snapshot)
    press(&interface, "i")
    _ = screen(&interface)
    press(&interface, .enter)
    let text = screen(&interface, width: 100, height: 40)
    #expect(text.contains("Means"), "\(text)")
  }

  /// A finding marks its rows with a letter, which is also visible without colours.
  @Test func rowsThatFindingsAreAboutAreMarked() throws {
    var interface = interface(Self.snapshot)
    let lines = screen(&interface, width: 120, height: 30).split(separator: "\n")
    let ring = try #require(lines.first { $0.contains("server") && $0.contains("100") })
    #expect(ring.hasPrefix("W"), "\(ring)")
    let blocker = try #require(lines.first { $0.contains("0xbad") })
    #expect(blocker.hasPrefix("W"), "\(blocker)")
    let other = try #require(lines.first { $0.contains("other") })
    #expect(other.hasPrefix(" "), "\(other)")
  }

  @Test(arguments: [40, 60, 80, 120])
  func theHeaderCountsBadFindingsAtEveryWidth(width: Int) {
    var options = UserInterfaceOptions()
    options.filterDescription = "--comm a-server-with-a-long-name --op READ,WRITE,FSYNC"
    options.title = "some recording.uring"
    var interface = interface(Self.snapshot, options: options)
    for height in [12, 24] {
      let text = screen(&interface, width: width, height: height)
      #expect(text.contains("2 warn"), "\(text)")
    }
  }

  @Test func theLatencyOfAnOpcodeLeadsToItsRequests() {
    var interface = interface()
    press(&interface, "3", .enter)
    #expect(interface.lower[interface.current].name == "Recent")
    #expect(interface.focusedPane.filter == "op=READ ring=1")
    #expect(interface.focusedPane.filterError == nil)
  }

  @Test func aKeyWithoutAFunctionSaysSoOnce() {
    var interface = interface()
    press(&interface, "z")
    #expect(interface.notice?.0.text.contains("z has no function") == true)
    press(&interface, "z")
    #expect(interface.notice == nil)
  }

  @Test func quittingAsksBeforeItEndsAProgram() {
    var options = UserInterfaceOptions()
    options.startedProgram = { "fio" }
    var interface = interface(options: options)
    #expect(press(&interface, "q").isEmpty)
    #expect(screen(&interface).contains("Quit and end fio?"))
    #expect(press(&interface, "n").isEmpty)
    #expect(press(&interface, "q", "y") == [.quit])
    options.startedProgram = { nil }
    var ended = self.interface(options: options)
    #expect(press(&ended, "q") == [.quit])
  }

  /// Ended requests of ring 1 with these start and end times in seconds, newest first.
  private func ended(_ times: [(start: Double, end: Double)]) -> [Request] {
    times.enumerated().map { index, times in
      var request = Make.request(
        UInt64(index) + 21, state: .completed, startedAt: times.start,
        userData: 0xa0 + UInt64(index))
      request.lastTime = Make.start + UInt64(times.end * 1e9)
      return request
    }
  }

  private static var fastRing: Ring {
    var ring = Make.ring(1, pid: 100, comm: "server", rate: 2_000)
    ring.lastSecond.completed = 2_000
    return ring
  }

  /// The ring's requests end so soon that no snapshot contains one in flight. The page then also
  /// shows how many were in flight on average.
  @Test func aFastRingIsNotAnEmptyOne() {
    // Only the part in the last second counts.
    let recent = ended([(4.0, 4.7), (3.0, 4.7), (2.5, 3.5)])
    var interface = interface(Make.snapshot(rings: [Self.fastRing], recent: recent, at: 5))
    let text = screen(&interface, width: 120)
    #expect(
      text.contains(
        "no requests in flight at this moment; 1.4 on average and 2 at most in the last 1.00s"),
      "\(text)")
  }

  @Test func aFastRingShowsASampleAndHowManyWereInFlight() {
    // The first two requests overlap; the third ended more than a second ago.
    let recent = ended([(4.8, 4.9), (4.7, 4.81), (1, 2)])
    var interface = interface(Make.snapshot(rings: [Self.fastRing], recent: recent, at: 5))
    let text = screen(&interface, width: 160)
    #expect(
      text.contains(
        "0.2 on average and 2 at most in the last 1.00s; these have just ended"), "\(text)")
    #expect(text.contains("── 0; a sample ──"), "\(text)")
    #expect(text.contains("0xa0") && text.contains("0xa1") && !text.contains("0xa2"), "\(text)")
  }

  /// The list of a fast ring holds whatever is in flight at the moment of the snapshot: its length
  /// jumps.
  @Test func theListOfAFastRingSaysHowManyAreInFlightOnAverage() {
    var ring = Self.fastRing
    ring.inFlight = 1
    let running = Make.request(4_000, startedAt: 4.999_99)
    var times: [(start: Double, end: Double)] = []
    for index in 0..<200 {
      let end = 4.999 - 0.005 * Double(index)
      times.append((end - 0.001, end))
    }
    let recent = ended(times)
    var interface = interface(
      Make.snapshot(rings: [ring], requests: [running], recent: recent, at: 5))
    let text = screen(&interface, width: 120)
    #expect(
      text.contains("in flight: 0.2 on average and 1 at most in the last 1.00s"), "\(text)")
    press(&interface, "i")
    let page = screen(&interface, width: 120)
    #expect(
      page.contains("In flight  1  0.2 on average and 1 at most in the last 1.00s"), "\(page)")
  }

  /// If the history is shorter than a second, only the time that it covers counts.
  @Test func theAverageCoversWhatTheHistoryKeeps() {
    var snapshot = Make.snapshot(
      rings: [Self.fastRing], recent: ended([(4.85, 4.9), (4.0, 4.8)]), at: 5)
    snapshot.totals.completed = 1_000_000
    var interface = interface(snapshot)
    #expect(
      screen(&interface, width: 120).contains("0.3 on average and 1 at most in the last 200ms"))
  }

  /// Without all requests, their average is not known.
  @Test func theAverageOfASampleIsNotShown() {
    var snapshot = Make.snapshot(rings: [Self.fastRing], recent: ended([(4.0, 4.7)]), at: 5)
    snapshot.host.sampling = 64
    var interface = interface(snapshot)
    #expect(!screen(&interface, width: 120).contains("on average"))
  }

  @Test func theListOfASlowRingHasNoAverage() {
    var ring = Make.ring(1, pid: 100, comm: "server", inFlight: 1, rate: 50)
    ring.latency.count = 1_000
    ring.latency.mean = 20_000_000
    var interface = interface(
      Make.snapshot(rings: [ring], requests: [Make.request(40, startedAt: 4)], at: 5))
    #expect(!screen(&interface, width: 120).contains("on average"))
  }

  @Test func whatOptionsLeaveOutIsNotDenied() {
    var options = UserInterfaceOptions()
    options.seesEveryRequest = false
    var interface = interface(
      Make.snapshot(rings: [Make.ring(1, pid: 1, comm: "a")], at: 5), options: options)
    let text = screen(&interface, width: 100)
    #expect(
      text.contains("no request selected by the command-line options is in flight"),
      "\(text)")
  }

  @Test func aMistakenFilterHidesNothing() {
    var interface = interface(Self.snapshot)
    press(&interface, .function(4), "a", "g", "e", ">", ">", "3")
    #expect(interface.focusedPane.filterError != nil)
    #expect(screen(&interface).contains("0xbad"))
  }
}
