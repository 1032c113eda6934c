import Testing

@testable import UringTrace

@Suite struct AggregatorRingTests {
  @Test func createdRing() {
    var stream = RecordStream()
    stream.create(fd: 5, tgid: 42, comm: "fio", flags: .singleIssuer)
    let ring = stream.snapshot().rings[0]
    #expect(ring.id == 1)
    #expect(ring.ownerTgid == 42)
    #expect(ring.comm == "fio")
    #expect(ring.descriptors == [Ring.Descriptor(tgid: 42, fd: 5)])
    #expect(ring.sqEntries == 32)
    #expect(ring.cqEntries == 64)
    #expect(ring.setupFlags == .singleIssuer)
    #expect(!ring.isFound)
    #expect(!ring.isClosed)
  }

  @Test func sharedRingHasSeveralDescriptorsAndSubmitters() {
    var stream = RecordStream()
    stream.ringFound(1, tgid: 10)
    stream.ringFD(1, tgid: 10, fd: 3)
    stream.ringFD(1, tgid: 10, fd: 3)
    stream.ringFD(1, tgid: 11, fd: 7)
    stream.submit(1, userData: 1, tgid: 10)
    stream.tid = 101
    stream.submit(2, userData: 2, tgid: 11)
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.count == 1)
    #expect(snapshot.rings[0].isFound)
    #expect(snapshot.rings[0].ownerTgid == 10)
    #expect(
      snapshot.rings[0].descriptors == [
        Ring.Descriptor(tgid: 10, fd: 3), Ring.Descriptor(tgid: 11, fd: 7),
      ])
    #expect(snapshot.requests.map(\.submitterTgid) == [10, 11])
  }

  @Test func creationOnAKnownContextEndsTheOldRing() throws {
    var stream = RecordStream()
    stream.create(comm: "old")
    stream.submit(1, userData: 1)
    stream.create(comm: "new")
    stream.submit(2, userData: 2)
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.map(\.comm) == ["old", "new"])
    #expect(snapshot.rings.map(\.isClosed) == [true, false])
    #expect(snapshot.rings.map(\.inFlight) == [0, 1])
    #expect(snapshot.ended(1)?.state == .ended)
    #expect(snapshot.inFlight(2)?.ring == 2)
  }

  @Test func foundRingWithOtherFlagsIsAnotherRing() {
    var stream = RecordStream()
    stream.create(flags: .sqPoll)
    stream.ringFound(1, flags: .ioPoll)
    let rings = stream.snapshot().rings
    #expect(rings.map(\.isClosed) == [true, false])
    #expect(rings.map(\.setupFlags) == [.sqPoll, .ioPoll])
  }

  @Test func aRingThatIsEnabledIsTheSameRing() {
    var stream = RecordStream()
    stream.create(flags: [.disabled, .singleIssuer])
    stream.submit(1, "READ", userData: 7)
    // The ring is found enabled before the call that enables it is recorded, or without a record of
    // that call.
    stream.ringFound(1, flags: .singleIssuer)
    var snapshot = stream.snapshot()
    #expect(snapshot.rings.map(\.isClosed) == [false])
    #expect(snapshot.rings[0].setupFlags == .singleIssuer)
    #expect(snapshot.inFlight(7) != nil)

    stream = RecordStream()
    stream.create(flags: [.disabled, .singleIssuer])
    stream.register(1, opcode: 12, files: 0, buffers: 0, result: 0)
    snapshot = stream.snapshot()
    #expect(snapshot.rings[0].setupFlags == .singleIssuer)
    // An enabled ring is never disabled again, so this is another ring at the same address.
    stream.ringFound(1, flags: [.disabled, .singleIssuer])
    #expect(stream.snapshot().rings.map(\.isClosed) == [true, false])
  }

  @Test func foundRingThatIsKnownIsBroughtUpToDate() {
    var stream = RecordStream()
    stream.create(comm: "old")
    stream.ringFound(1, comm: "renamed")
    let rings = stream.snapshot().rings
    #expect(rings.count == 1)
    #expect(rings[0].comm == "renamed")
  }

  @Test func findingARingStartsItsDescriptorsAnew() {
    var stream = RecordStream()
    stream.create(fd: 3, tgid: 10)
    stream.ringFound(1, tgid: 10)
    stream.ringFD(1, tgid: 11, fd: 7)
    #expect(stream.snapshot().rings[0].descriptors == [Ring.Descriptor(tgid: 11, fd: 7)])
  }

  @Test func closingSeenBeforeTheLastEventSaysNothing() {
    var stream = RecordStream()
    stream.create()
    let early = stream.time
    stream.time += 10_000
    stream.submit(1, userData: 1)
    stream.time = early
    stream.ringClosed(1)
    let snapshot = stream.snapshot()
    #expect(!snapshot.rings[0].isClosed)
    #expect(snapshot.requests.count == 1)
  }

  @Test func nobodyWaitsOnAClosedRing() {
    var stream = RecordStream()
    stream.create()
    stream.depth(sq: 0, cq: 2, waiter: 11)
    stream.balance(outstanding: 1)
    #expect(stream.snapshot().rings[0].waiter != nil)
    #expect(stream.snapshot().rings[0].balance != nil)
    stream.ringClosed(1)
    let ring = stream.snapshot().rings[0]
    #expect(ring.waiter == nil && ring.balance == nil && ring.notListed == 0)
    #expect(ring.cqPending == 2, "unreaped CQEs of a closed ring stay visible")
  }

  @Test func repeatedReportOfAClosedRingIsOneEvent() {
    var stream = RecordStream()
    stream.create()
    stream.ringClosed(1)
    stream.ringClosed(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.map(\.isClosed) == [true])
    #expect(snapshot.events.count { $0.kind == .ringClosed } == 1)
  }

  @Test func closedRingEndsWhatIsInFlight() {
    var stream = RecordStream()
    stream.create(1)
    stream.create(2, fd: 4)
    stream.submit(1, ring: 1, userData: 1)
    stream.submit(2, ring: 2, userData: 2)
    stream.submit(3, ring: 1, userData: 3)
    stream.ringClosed(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.map(\.userData) == [2])
    #expect(snapshot.rings.map(\.isClosed) == [true, false])
    #expect(snapshot.rings.map(\.counts.endedUnseen) == [2, 0])
    #expect(snapshot.recent.allSatisfy { $0.isEndDerived })
  }

  @Test func ringExitCancelsByAKworker() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "POLL_ADD", userData: 1)
    stream.tid = 0
    stream.complete(1, -125)
    stream.ringClosed(1)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .completed)
    #expect(snapshot.ended(1)?.result == -125)
    #expect(snapshot.counts.endedUnseen == 0)
  }

  @Test func cancellationAfterTheRingWasSeenClosedIsTheRealEnd() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "POLL_ADD", userData: 1)
    stream.ringClosed(1)
    stream.complete(1, -125)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(1)?.state == .completed)
    #expect(snapshot.ended(1)?.isEndDerived == false)
    #expect(snapshot.counts.endedUnseen == 0)
    #expect(snapshot.counts.completed == 1)
    #expect(snapshot.counts.errors == 1)
    #expect(snapshot.rings[0].isClosed)
  }

  @Test func submissionOnAClosedRingReopensIt() {
    var stream = RecordStream()
    stream.create()
    stream.ringClosed(1)
    stream.submit(1, userData: 1)
    let rings = stream.snapshot().rings
    #expect(rings.count == 1)
    #expect(!rings[0].isClosed)
  }

  @Test func closedRingsAreForgottenOneDay() {
    var limits = Aggregator.Limits()
    limits.closedRings = 2
    var stream = RecordStream()
    for ring in 1...5 {
      stream.create(UInt64(ring))
      stream.submit(1, ring: UInt64(ring), userData: UInt64(ring))
      stream.complete(1)
      stream.ringClosed(UInt64(ring))
    }
    stream.create(6)
    let snapshot = stream.snapshot(limits: limits)
    #expect(snapshot.rings.map(\.id) == [4, 5, 6])
    #expect(snapshot.rings[2].counts == Ring.Counts())
    #expect(snapshot.latency.map(\.ring) == [4, 5])
    #expect(snapshot.recent.map(\.ring) == [5, 4, 3, 2, 1])
  }

  @Test func thousandsOfRings() {
    var stream = RecordStream()
    for ring in 1...3000 {
      stream.submit(ring, ring: UInt64(ring), userData: UInt64(ring))
    }
    for ring in stride(from: 1, through: 3000, by: 3) { stream.complete(ring) }
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.count == 3000)
    #expect(snapshot.rings.reduce(0) { $0 + $1.inFlight } == 2000)
    #expect(snapshot.rings.map(\.id) == Array(1...3000))
  }

  @Test func registrationTellsTheSizesOfTheTables() {
    var stream = RecordStream()
    stream.create()
    stream.register(1, opcode: 0, files: 4, buffers: 16, result: 0)
    let ring = stream.snapshot().rings[0]
    #expect(ring.registeredFiles == 4)
    #expect(ring.registeredBuffers == 16)
  }

  @Test func waitForCompletions() {
    var stream = RecordStream()
    stream.create()
    let time = stream.time
    stream.wait(1, for: 8)
    let ring = stream.snapshot().rings[0]
    #expect(ring.lastWaitMinEvents == 8)
    #expect(ring.lastWaitTime == time)
    #expect(ring.counts.waits == 1)
  }

  @Test func fileNamesOfDescriptorsAndFixedFiles() throws {
    var stream = RecordStream()
    stream.create()
    stream.fileName(tgid: 10, fd: 3, "/tmp/data")
    stream.fileName(ring: 1, fd: 2, isFixed: true, "/tmp/fixed")
    stream.submit(1, "READ", userData: 1) { $0.fd = 3 }
    stream.submit(2, "READ", userData: 2, flags: .fixedFile) { $0.fd = 2 }
    stream.submit(3, "READ", userData: 3) { $0.fd = 9 }
    stream.submit(4, "NOP", userData: 4) { $0.fd = 3 }
    let snapshot = stream.snapshot()
    #expect(
      snapshot.requests.map { snapshot.fileNames.name(of: $0) }
        == ["/tmp/data", "/tmp/fixed", nil, nil])
  }

  @Test func requestFlagNamesOfThisKernel() {
    var stream = RecordStream()
    stream.flagName(bit: 19, "REFCOUNT")
    stream.submit(1, userData: 1, flags: [.link, .async])
    let snapshot = stream.snapshot()
    var request = snapshot.requests[0]
    request.flags |= 1 << 19 | 1 << 40
    #expect(
      request.flagNames(snapshot.requestFlagNames) == ["IO_LINK", "ASYNC", "REFCOUNT", "bit40"])
  }

  @Test func ringThatNobodyFoundBelongsToWhoWaitsOnIt() {
    var stream = RecordStream()
    stream.wait(1, for: 1, tgid: 42)
    stream.wait(1, for: 1, tgid: 43)
    #expect(stream.snapshot().rings[0].ownerTgid == 42)
  }

  /// The record of the ring's creation was lost. The BPF programs do not know the ring, so they
  /// cannot report its end.
  @Test func aRingThatOnlyEventsNameEndsWhenTwoScansMissIt() {
    var stream = RecordStream()
    stream.ringScan()
    stream.submit(1, ring: 1, userData: 1)
    stream.ringScan()
    #expect(stream.snapshot().rings.allSatisfy { !$0.isClosed })
    stream.create(2)
    stream.submit(2, ring: 2, userData: 2)
    stream.ringScan()
    let snapshot = stream.snapshot()
    #expect(snapshot.rings.map(\.isClosed) == [true, false])
    #expect(snapshot.requests.map(\.userData) == [2])
  }
}
