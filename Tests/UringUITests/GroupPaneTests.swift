import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the panes of groups and buffers, and of navigation between groups, buffers and
/// requests.
@Suite struct GroupPaneTests {
  private func interface(_ snapshot: Snapshot = Make.lending) -> Interface {
    var interface = Interface(options: UserInterfaceOptions())
    interface.update(snapshot, timeline: nil)
    return interface
  }

  private func lines(
    _ interface: inout Interface, width: Int = 120, height: Int = 30, isASCII: Bool = false
  ) -> [String] {
    var canvas = Canvas(width: width, height: height, isASCII: isASCII)
    interface.draw(into: &canvas)
    return (0..<height).map { canvas.text(row: $0) }
  }

  private func press(_ interface: inout Interface, _ keys: Key...) {
    for key in keys {
      _ = interface.handle(.key(key))
      _ = lines(&interface)
    }
  }

  // MARK: The list

  @Test func aGroupIsARowWithItsMembersBufferAndHolder() throws {
    var interface = interface()
    press(&interface, "5")
    let row = try #require(lines(&interface, width: 160).first { $0.contains("borrowed") })
    for part in ["1.00ms", "ublk_auto", "2/3", "#3", "16K", "██░░░░░░░░ ", "READ_FIXED 400µs"] {
      #expect(row.contains(part))
    }
    #expect(row.contains("out_of_range"))
  }

  /// The column DONE is never cut off: with digits missing, it would show a wrong number.
  @Test(arguments: [(60, 15), (80, 24), (120, 35)])
  func theNumberOfMembersIsWhole(width: Int, height: Int) {
    var snapshot = Make.lending
    for index in snapshot.groups.indices {
      (snapshot.groups[index].memberCount, snapshot.groups[index].doneCount) = (12_345, 12_300)
    }
    var interface = interface(snapshot)
    press(&interface, "5")
    let lines = lines(&interface, width: width, height: height)
    #expect(lines.contains { $0.contains("12.3k/12.3k") }, "\(lines)")
  }

  @Test func aDerivedAcknowledgementIsNotShownAsObserved() throws {
    var interface = interface()
    press(&interface, "5")
    #expect(lines(&interface).contains { $0.contains("given-back◌") })
    press(&interface, .down, .down, .enter)
    let text = lines(&interface)
    #expect(text.contains { $0.contains("derived, not observed") })
    let end = try #require(text.first { $0.contains("└─ given back") })
    #expect(end.contains("derived") && !end.contains("observed") && !end.contains("●"))
  }

  @Test func anObservedAcknowledgementNamesItsCallback() throws {
    var interface = interface()
    press(&interface, "5", .down, .enter)
    let end = try #require(lines(&interface).first { $0.contains("└─ ") })
    #expect(end.contains("ublk_io_release") && end.contains("observed") && end.contains("●"))
  }

  @Test func aGroupWhoseLeaderFailedGaveNothingBack() {
    var snapshot = Make.lending
    snapshot.groups = [
      Make.group(1, state: .ended, conditions: GroupConditions(.leaderFailed))
    ]
    var interface = interface(snapshot)
    press(&interface, "5")
    #expect(lines(&interface).contains { $0.contains("ended") && $0.contains("leader_failed") })
    press(&interface, .enter)
    let text = lines(&interface)
    #expect(text.contains { $0.contains("ended  no members") })
    #expect(!text.contains { $0.contains("derived") || $0.contains("not yet") })
  }

  @Test func theAgeIsFromWhenTheBufferWasProvided() {
    // A group's age does not include the second for which its leader had waited before the group
    // began.
    let scene = Scene(Make.lending)
    #expect(Make.lending.groups.map { $0.age(scene) } == [1_000_000, 310_000, 900_000, 0])
  }

  @Test func aSelectedRingShowsItsGroupsAndBuffersOnly() {
    var interface = interface()
    press(&interface, "5", .tab, .down, .down)
    #expect(interface.scene?.ring == 2)
    #expect(lines(&interface).contains { $0.contains("leaked") })
    #expect(!lines(&interface).contains { $0.contains("borrowed") })
  }

  // MARK: An open group

  @Test func membersLieOnOneTimeAxisSoThatOverlapAndIdleTimeAreSeen() throws {
    var interface = interface()
    press(&interface, "5", .enter)
    let text = lines(&interface)
    func bar(_ name: String, _ character: Character) throws -> (Int, Int) {
      let line = Array(try #require(text.first { $0.contains(name) }))
      return (
        try #require(line.firstIndex(of: character)), try #require(line.lastIndex(of: character))
      )
    }
    let provided = try bar("buffer provided", "◆").0
    let first = try bar("  11 ", "█")
    let second = try bar("  12 ", "█")
    let third = try bar("  13 ", "█")
    #expect(provided < first.0)
    #expect(first.0 < second.0 && second.1 < first.1)
    #expect(first.1 + 1 < third.0)
    #expect(text.contains { $0.contains("idle 30 %") })
    // The time axis leaves out the leader's long wait, so the members' bars are not compressed.
    #expect(text.contains { $0.contains("COMMIT_AND_FETCH_REQ") && $0.contains("◀█") })
    #expect(first.1 - first.0 > 5)
  }

  @Test func theLongLifeOfARegisteredBufferLeavesRoomForItsTransfers() throws {
    var snapshot = Make.lending
    snapshot.groups = [
      Make.group(
        1, provider: .registered, state: .provided,
        members: [Make.member(11, from: 100, to: 200), Make.member(12, from: 200, to: 300)])
    ]
    snapshot.groups[0].providedTime = Make.start
    snapshot.groups[0].leader.startTime = Make.start
    var interface = interface(snapshot)
    press(&interface, "5", .enter)
    let line = try #require(lines(&interface).first { $0.contains("├─ READ_FIXED") })
    #expect(line.count { $0 == "█" } > 10)
  }

  @Test func conditionsAreExplained() {
    var interface = interface()
    press(&interface, "5", .enter)
    let text = lines(&interface)
    #expect(
      text.contains { $0.contains("out_of_range  a member requested bytes outside the buffer") })
    #expect(text.contains { $0.contains("member_failed  a member failed") })
  }

  @Test func asciiTerminalsShowTheTreeAndTheBars() throws {
    var interface = interface()
    press(&interface, "5", .enter)
    let text = lines(&interface, isASCII: true)
    let line = try #require(text.first { $0.contains("+- READ_FIXED") })
    #expect(line.contains("####"))
    #expect(text.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
    #expect(!text.contains { $0.contains("?") })
  }

  @Test func anOpenGroupStaysWhenItLeavesTheHistory() {
    var interface = interface()
    press(&interface, "5", .enter)
    interface.update(Make.snapshot(at: 11), timeline: nil)
    let text = lines(&interface)
    #expect(text.contains { $0.contains("no longer in the history") })
    #expect(text.contains { $0.contains("READ_FIXED") })
  }

  @Test(arguments: [(40, 10), (60, 15), (80, 24), (200, 60)])
  func onEverySizeTheOpenGroupShowsMembersWithBars(width: Int, height: Int) {
    var interface = interface()
    press(&interface, "5", .enter)
    let text = lines(&interface, width: width, height: height)
    #expect(text.contains { $0.contains("State") && $0.contains("borrowed") })
    #expect(text.contains { $0.contains("READ_FIXED") && $0.contains("█") } || height == 10)
    #expect(text.contains { $0.contains("┬0") })
  }

  @Test func theFUSERequestOfABufferIsTold() {
    var request = GroupBuffer.FuseRequest()
    request.operation = 16
    request.node = 0x2a
    request.offset = 4096
    request.length = 16384
    request.unique = 0x1c
    var snapshot = Make.lending
    for index in snapshot.groups.indices {
      snapshot.groups[index].buffer.ublk = nil
      snapshot.groups[index].buffer.fuse = request
    }
    var interface = interface(snapshot)
    press(&interface, "5")
    #expect(lines(&interface, width: 160).contains { $0.contains("#3 FUSE write") })
    press(&interface, .enter)
    let line = lines(&interface).first { $0.hasPrefix(" FUSE") }
    #expect(line?.contains("write  node 0x2a  offset 4096") == true)
    #expect(line?.contains("queue 0  request 0x1c") == true)
  }

  // MARK: Navigation

  @Test func oneKeyGoesFromARequestToItsGroupAndBack() {
    var interface = interface()
    press(&interface, "1", .down, .enter)
    #expect(lines(&interface).contains { $0.contains("Request 13") })
    press(&interface, "G")
    #expect(lines(&interface).contains { $0.contains("Group 1  ublk, automatic") })
    press(&interface, "G")
    #expect(lines(&interface).contains { $0.hasPrefix(" Request 13") })
    // The second G has returned to the request's page and not opened another page.
    #expect(interface.details.count == 1)
    press(&interface, .escape)
    #expect(interface.details.isEmpty && interface.focus == .lower(0))
  }

  @Test func enterOnAMemberOpensItsRequestAndEscapeComesBack() {
    var interface = interface()
    press(&interface, "5", .enter, .down, .down, .enter)
    #expect(lines(&interface).contains { $0.contains("Request 11") })
    press(&interface, .escape)
    #expect(lines(&interface).contains { $0.contains("Group 1") })
  }

  @Test func aRequestsDetailNamesItsGroupAndEnterOpensIt() {
    var interface = interface()
    press(&interface, "2", .enter)
    #expect(lines(&interface).contains { $0.contains("Group      1  member  ublk, automatic") })
    press(&interface, .down, .enter)
    #expect(lines(&interface).contains { $0.contains("Group 1  ublk, automatic") })
  }

  @Test func aRequestWithoutAGroupSaysSo() {
    var snapshot = Make.lending
    snapshot.requests[0].group = 0
    var interface = interface(snapshot)
    press(&interface, "1", "G")
    #expect(interface.details.isEmpty)
    #expect(lines(&interface).contains { $0.contains("no group is known for this row") })
  }

  @Test func theFunctionBarNamesTheOtherSide() {
    var interface = interface()
    for (key, label) in [("1", "GGroup"), ("5", "GRequest"), ("6", "GUsers")] as [(Key, String)] {
      press(&interface, key)
      #expect(lines(&interface).last?.contains(label) == true)
    }
    press(&interface, "3")
    #expect(lines(&interface).last?.contains("GGroup") == false)
  }

  @Test func membersOfAChainCanBeWalked() {
    var snapshot = Make.snapshot(
      requests: (1...3).map { Make.request($0, startedAt: 1, chain: 7) })
    snapshot.chains = [
      Chain(
        id: 7, ring: 1,
        members: (1...3).map {
          .init(
            request: $0, opcode: Opcode(rawValue: 22), userData: 1, state: .submitted, result: nil,
            isCancelled: false)
        }, brokenBy: 0)
    ]
    var interface = interface(snapshot)
    press(&interface, "1", .enter, .down, .down, .enter)
    #expect(lines(&interface).contains { $0.hasPrefix(" Request 3") })
    press(&interface, .down, .enter)
    #expect(lines(&interface).contains { $0.hasPrefix(" Request 1") })
  }

  // MARK: Buffers

  @Test func aBufferIsARowWithItsMemoryReferencesAndBorrowers() throws {
    var interface = interface()
    press(&interface, "6")
    let text = lines(&interface)
    let kernel = try #require(text.first { $0.contains("#3") })
    #expect(kernel.contains("ublk, automatic") && kernel.contains(" 13 "))
    let own = try #require(text.first { $0.contains("#4") })
    #expect(own.contains("0x7f0012380000") && own.contains("1.23k"))
    #expect(text.contains { $0.contains("bgid 5") && $0.contains("0/16") })
  }

  @Test func aRegisteredFileIsARowWithItsNameReferencesAndUsers() throws {
    var snapshot = Make.lending
    let ring = snapshot.rings[0].id
    var request = snapshot.requests[0]
    request.ring = ring
    request.opcode = Opcode(name: "READ")!
    request.isSQEKnown = true
    request.sqe.opcode = request.opcode.rawValue
    request.sqe.flags = SQEFlags.fixedFile.rawValue
    request.sqe.fd = 6
    snapshot.requests[0] = request
    snapshot.rings[0].files = [file(6, references: 2), file(7, references: nil)]
    snapshot.fileNames.fixed[.init(ring: ring, index: 6)] = "/srv/data"
    var interface = interface(snapshot)
    press(&interface, "6")
    let text = lines(&interface)
    let used = try #require(text.first { $0.contains("file 6") })
    #expect(used.contains("/srv/data") && used.contains(" 2 \(request.id) "))
    #expect(try #require(text.first { $0.contains("file 7") }).contains(" 0 "))
  }

  private func file(_ index: UInt32, references: UInt32?) -> Ring.RegisteredFile {
    Ring.RegisteredFile(index: index, references: references, tag: 0)
  }

  /// If a buffer has left the table, its page keeps the last count of borrowers. The page must then
  /// not state that no request uses the buffer.
  @Test func aBufferThatIsGoneKeepsItsLastBorrowers() {
    var interface = interface()
    press(&interface, "6", .enter)
    interface.update(Make.snapshot(at: 11), timeline: nil)
    let text = lines(&interface)
    #expect(text.contains { $0.contains("Last seen") })
    #expect(text.contains { $0.contains("Borrowers  1") })
    #expect(!text.contains { $0.contains("no request uses it now") }, "\(text)")
  }

  @Test func aBufferLeadsToItsBorrowers() {
    var interface = interface()
    press(&interface, "6", .enter)
    let text = lines(&interface)
    #expect(text.contains { $0.contains("Borrowers  1  kernel's count 2") })
    #expect(text.contains { $0.contains("READ_FIXED") && $0.contains("400µs") })
    press(&interface, .enter)
    #expect(lines(&interface).contains { $0.contains("Request 13") })
    press(&interface, .escape, .escape, "G")
    #expect(lines(&interface).contains { $0.contains("Group 1  ublk, automatic") })
  }

  @Test func aSlotWithAWithdrawnBufferHasTwoRows() {
    var snapshot = Make.lending
    snapshot.buffers = [
      Make.buffer(3, group: 1, borrowers: [13], isWithdrawn: true), Make.buffer(3, group: 2),
    ]
    #expect(snapshot.buffers[0].key != snapshot.buffers[1].key)
    #expect(snapshot.buffers[0].key.id != snapshot.buffers[1].key.id)
    var interface = interface(snapshot)
    press(&interface, "6")
    #expect(lines(&interface).count { $0.contains("#3") } == 2)
    #expect(lines(&interface).contains { $0.contains("withdrawn") })
  }
}
