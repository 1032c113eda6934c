import Testing

@testable import UringSources
@testable import UringTrace
@testable import UringUI

/// Tests of the whole interface, which press keys and read the canvas.
@Suite struct InterfaceTests: InterfaceSuite {
  // MARK: Layout

  @Test func theOverviewShowsRingsAndRequests() {
    var interface = interface()
    let text = screen(&interface)
    for part in ["6.18.5", "tracepoints", "LIVE", "In flight 3", "fio", "server", "0", "READ"] {
      #expect(text.contains(part))
    }
    for title in ["PID", "INFL", "SUB/s", "p99", "AGE", "STATE", "OPCODE", "SUBMITTER", "F10Quit"] {
      #expect(text.contains(title))
    }
  }

  @Test func beforeTheSourceIsThereAFrameIsDrawn() {
    var interface = Interface(options: UserInterfaceOptions())
    let text = screen(&interface)
    #expect(text.contains("uringtop"))
    #expect(text.contains("starting…"))
    press(&interface, .enter, .down, .tab, .function(6), .escape, "/", "x", .enter, "d", .escape)
    let effects19 = press(&interface, "q")
    #expect(effects19 == [.quit])
  }

  @Test func onlyTheSmallestTerminalsAreRefused() {
    var interface = interface()
    let text1 = screen(&interface, width: 40, height: 10)
    #expect(text1.contains("READ"))
    let text2 = screen(&interface, width: 39, height: 10)
    #expect(text2.contains("more room"))
    let text3 = screen(&interface, width: 40, height: 9)
    #expect(text3.contains("more room"))
  }

  @Test func largeScreensShowMorePanesAtOnce() {
    var interface = interface()
    let text = screen(&interface, width: 200, height: 60)
    #expect(text.contains("Latency  1") && text.contains("Events  2") && text.contains("p99.9"))
    let text4 = screen(&interface)
    #expect(!text4.contains("p99.9"))
  }

  // MARK: Rings and requests

  @Test func selectingARingShowsItsRequestsOnly() {
    var interface = interface()
    _ = screen(&interface)
    press(&interface, .tab)
    #expect(interface.focus == .rings)
    press(&interface, .down, .down)
    #expect(interface.scene?.ring == 2)
    let text = screen(&interface)
    #expect(text.contains("bbbb") && !text.contains("aaaa"))
    press(&interface, "a")
    #expect(interface.scene?.ring == nil)
    let text5 = screen(&interface)
    #expect(text5.contains("aaaa"))
  }

  @Test func theSelectedRingStaysSelectedAcrossSnapshots() {
    var interface = interface()
    press(&interface, .tab, .down)
    #expect(interface.scene?.ring == 1)
    var next = Self.workload
    next.time += 1
    next.rings[1].lastSecond.submitted = 5_000
    interface.update(next, timeline: nil)
    #expect(interface.scene?.ring == 1)
  }

  @Test func requestsYoungerThanTheMinimumAgeAreLeftOut() {
    var options = UserInterfaceOptions()
    options.minimumAge = 5_000_000_000
    var interface = interface(options: options)
    let text = screen(&interface)
    #expect(text.contains("aaaa") && !text.contains("cccc"))
  }

  @Test func lostRecordsAndTheFilterAreInTheHeader() {
    var snapshot = Self.workload
    snapshot.lost.ringBufferFull = 1_234
    var options = UserInterfaceOptions()
    options.filterDescription = "comm fio"
    var interface = interface(snapshot, options: options)
    var canvas = Canvas(width: 80, height: 24)
    interface.draw(into: &canvas)
    #expect(canvas.text(row: 0).contains("filter comm fio"))
    #expect(canvas.text(row: 1).contains("Lost 1.23k"))
    let x = canvas.text(row: 1).distance(to: "1.23k")
    #expect(canvas.style(x: x, y: 1) == .alarm)
  }

  // MARK: Detail

  @Test func enterOpensARequestAndEscapeComesBack() {
    var interface = interface()
    press(&interface, "2", .enter)
    let text = screen(&interface)
    for part in [
      "Request 10", "READ", "-EIO", "submitted", "completed", "1.00ms", "4243", "user_data",
      "0x1000",
    ] {
      #expect(text.contains(part))
    }
    press(&interface, .escape)
    let text6 = screen(&interface)
    #expect(text6.contains("TOOK"))
  }

  /// At 80 columns, the text that explains the wait needs two lines.
  @Test(arguments: [80, 200]) func whatARequestWaitsForIsSaid(_ width: Int) {
    var request = Make.request(5, fd: 7, state: .pollArmed)
    request.place = .poll
    request.isSQEKnown = true
    request.sqe.fd = 7
    request.pollEvents = 1
    var ring = Make.ring(1, comm: "server", inFlight: 1)
    ring.sqThread = .sleeps
    ring.waiter = Ring.Waiter(
      tid: 4242, tgid: 4242, count: 1, missing: 1, asleepSince: Make.start + 4_000_000_000)
    var snapshot = Make.snapshot(rings: [ring], requests: [request])
    snapshot.fileNames.descriptors[.init(tgid: request.submitterTgid, fd: 7)] = "pipe:[77]"
    snapshot.fileStates[5] = FileState(
      pollEvents: 0, receiveBytes: 0, sendBytes: nil, text: "write end: server/4242 fd 8",
      time: Make.start)
    var interface = interface(snapshot)
    press(&interface, .enter)
    let text = screen(&interface, width: width, height: 40)
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(
      words.contains(
        "Waits for POLLIN of pipe:[77], which is not ready (write end: server/4242 fd 8)"))
    #expect(words.contains("waits in io_uring_enter for 1 more CQE asleep for 6.00s"))
    #expect(words.contains("SQPOLL"))
    #expect(words.contains("sleeps until io_uring_enter wakes it"))
  }

  @Test func theChainIsDrawnAsATreeWithItsCause() {
    var snapshot = Self.workload
    snapshot.recent[0].chain = 7
    let members: [Chain.Member] = [(9, 4096, false), (10, -5, false), (11, -125, true)].map {
      .init(
        request: $0.0, opcode: Opcode(rawValue: 22), userData: 1, state: .completed, result: $0.1,
        isCancelled: $0.2)
    }
    snapshot.chains = [Chain(id: 7, ring: 1, members: members, brokenBy: 10)]
    var interface = interface(snapshot)
    press(&interface, "2", .enter)
    let lines = screen(&interface, height: 50).split(separator: "\n")
    #expect(lines.contains { $0.contains("├─ ▶ READ") && $0.contains("broke the chain") })
    #expect(lines.contains { $0.contains("└─ ● READ") && $0.contains("cancelled") })
  }

  @Test func anOpenRequestStaysWhenItLeavesTheHistory() {
    var interface = interface()
    press(&interface, .enter)
    interface.update(Make.snapshot(at: 11), timeline: nil)
    let text = screen(&interface)
    #expect(text.contains("Request 1") && text.contains("no longer in the history"))
    #expect(text.contains("READ"))
  }

  /// The page of a request that has left the history cannot know when the request ended. A clock
  /// that continued would suggest that the request is still in flight.
  @Test func theClocksOfARequestStopWhenItLeavesTheHistory() {
    var interface = interface()
    press(&interface, .enter)
    func values(_ name: String) -> String? {
      screen(&interface).split(separator: "\n").first { $0.hasPrefix(" " + name) }.map(String.init)
    }
    let before = values("In flight")
    #expect(before != nil && values("Last seen") == nil)
    interface.update(Make.snapshot(at: 17), timeline: nil)
    #expect(values("In flight") == before)
    #expect(values("Last seen")?.contains("7.00s ago  the values below are from that time") == true)
  }

  @Test(arguments: [40, 60, 80]) func whatIsWrongWithAFilterIsWhole(width: Int) {
    var interface = interface()
    press(&interface, .function(4))
    type(&interface, "opcod:READ")
    press(&interface, .enter)
    guard case .prompt(let prompt)? = interface.modal, let complaint = prompt.complaint else {
      Issue.record("the filter was accepted")
      return
    }
    let text = screen(&interface, width: width, height: 24)
    let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(words.contains(complaint) && words.contains("Filter: opcod:READ"), "\(text)")
    #expect(!text.contains("\"opcod:READ\""), "the title names a filter that does not apply")
  }

  // MARK: Search, filter, sort

  @Test func searchSelectsWhileTyping() {
    var interface = interface()
    press(&interface, .function(3))
    type(&interface, "WRITE")
    let text7 = screen(&interface)
    #expect(text7.contains("Search: WRITE"))
    press(&interface, .enter, .enter)
    let text8 = screen(&interface)
    #expect(text8.contains("Request 3"))
  }

  @Test func searchSaysWhenNothingIsFound() {
    var interface = interface()
    press(&interface, "/")
    type(&interface, "nowhere")
    let text9 = screen(&interface)
    #expect(text9.contains("not found"))
  }

  @Test func filterHidesOtherRowsUntilEscape() {
    var interface = interface()
    press(&interface, "\\")
    type(&interface, "poll_add")
    press(&interface, .enter)
    var text = screen(&interface)
    #expect(text.contains("bbbb") && !text.contains("aaaa") && text.contains("1 of 3"))
    press(&interface, .escape)
    text = screen(&interface)
    #expect(text.contains("aaaa"))
  }

  @Test func theSortMenuSortsTheFocusedPane() {
    var interface = interface()
    press(&interface, .function(6))
    let text10 = screen(&interface)
    #expect(text10.contains("Sort by"))
    press(&interface, .down, .down, .enter)
    let text = screen(&interface)
    #expect(!text.contains("Sort by"))
    #expect(text.contains("OPCODE▲"))
    press(&interface, "I")
    let text11 = screen(&interface)
    #expect(text11.contains("OPCODE▼"))
  }

  // MARK: Pause, interval, dump, notices

  @Test func pauseFreezesTheSnapshot() {
    var interface = interface()
    press(&interface, " ")
    let text12 = screen(&interface)
    #expect(text12.contains("PAUSED"))
    interface.update(Make.snapshot(at: 20), timeline: nil)
    #expect(interface.scene?.snapshot.requests.count == 3)
    let effects20 = press(&interface, " ")
    #expect(effects20 == [.live(.refresh)])
    interface.update(Make.snapshot(at: 20), timeline: nil)
    #expect(interface.scene?.snapshot.requests.isEmpty == true)
  }

  @Test func plusAndMinusChangeTheInterval() {
    var interface = interface()
    let effects21 = press(&interface, "+")
    #expect(
      effects21 == [.live(.setRefreshInterval(.seconds(2))), .keep(.interval(2_000_000_000))])
    let effects22 = press(&interface, "-", "-").suffix(2)
    #expect(
      effects22
        == [.live(.setRefreshInterval(.milliseconds(500))), .keep(.interval(500_000_000))])
    let text13 = screen(&interface)
    #expect(text13.contains("every 500ms"))
  }

  /// An update interval from the command line or the configuration can be outside the range of the
  /// keys `+` and `-`.
  @Test func plusNeverShortensAndMinusNeverLengthensTheInterval() {
    let cases: [(Int, Int?, Int?)] = [(60_000, nil, 10_000), (700, 1_000, 500), (50, 100, nil)]
    for (interval, plus, minus) in cases {
      for (key, next) in [(Key.character("+"), plus), (.character("-"), minus)] {
        var options = UserInterfaceOptions()
        options.refreshInterval = .milliseconds(interval)
        var interface = interface(options: options)
        let effects = press(&interface, key)
        #expect(effects.isEmpty == (next == nil), "\(interval) \(key)")
        #expect(interface.interval == .milliseconds(next ?? interval), "\(interval) \(key)")
      }
    }
  }

  @Test func dumpAsksForANameAndProposesOne() {
    var options = UserInterfaceOptions()
    options.dumpName = { "trace.jsonl" }
    var interface = interface(options: options)
    press(&interface, "d")
    let text14 = screen(&interface)
    #expect(text14.contains("Dump to: trace.jsonl"))
    press(&interface, .control("u"))
    type(&interface, "a b.jsonl")
    let effects23 = press(&interface, .enter)
    #expect(effects23 == [.dump(path: "a b.jsonl")])
    interface.tell(Notice("disk full", isError: true), now: 0)
    let text15 = screen(&interface)
    #expect(text15.contains("disk full"))
    let is33 = interface.expireNotice(now: 1)
    #expect(!is33)
    let is34 = interface.expireNotice(now: 60_000_000_000)
    #expect(is34)
  }

  /// The notice is the one that `uringtop demo` shows if there is no ublk driver.
  @Test(arguments: [(60, 15), (80, 24), (120, 35)])
  func aLongNoticeIsWhole(width: Int, height: Int) {
    let notice =
      "no ublk driver (modprobe ublk_drv: Operation not permitted); showing registered buffers and zero-copy sends instead"
    var interface = interface()
    interface.tell(Notice(notice), now: 0)
    let shown = screen(&interface, width: width, height: height)
    let text = shown.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains(notice), "\(shown)")
  }

  @Test func noticesCannotPaintTheTerminal() {
    var interface = interface()
    interface.tell(Notice("bad \u{1B}[2J name"), now: 0)
    let text16 = screen(&interface)
    #expect(text16.contains("bad ?[2J name"))
  }

  // MARK: Help and mouse

  @Test func helpNamesEveryKeyOfTheTable() {
    let text = HelpText.lines(panes: ["Requests"], keepsChanges: true, width: 200)
      .map { $0.map(\.text).joined() }.joined(separator: "\n")
    for binding in Binding.all where !binding.help.isEmpty {
      #expect(text.contains(binding.help))
    }
  }

  @Test(arguments: [40, 60, 80, 120])
  func linesOfTheHelpFitTheScreen(width: Int) {
    let lines = HelpText.lines(
      panes: ["Requests", "Recent", "Latency"], keepsChanges: true, width: width)
    for text in lines.map({ $0.map(\.text).joined() }) {
      #expect(text.displayWidth <= width, "\(text)")
    }
  }

  @Test func clicksSelectSortAndSwitchPanes() throws {
    var interface = interface()
    let lines = screen(&interface).split(separator: "\n", omittingEmptySubsequences: false)
    let tabs = try #require(lines.firstIndex { $0.contains("2 Recent") })
    _ = interface.handle(.click(x: lines[tabs].description.distance(to: "Recent"), y: tabs))
    #expect(interface.current == 1)
    _ = interface.handle(.click(x: lines[tabs].description.distance(to: "Requests"), y: tabs))
    _ = screen(&interface)
    _ = interface.handle(
      .click(x: lines[tabs + 1].description.distance(to: "OPCODE"), y: tabs + 1))
    let text18 = screen(&interface)
    #expect(text18.contains("OPCODE▲"))
    // The first click in another pane only selects.
    _ = interface.handle(.click(x: 10, y: 5))
    #expect(interface.focus == .rings)
    #expect(interface.scene?.ring != nil)
    let last = lines.count - 1
    _ = interface.handle(.click(x: lines[last].description.distance(to: "Quit"), y: last))
    let clicked35 = interface.handle(.click(x: 0, y: last))
    #expect(clicked35.isEmpty)
  }
}
