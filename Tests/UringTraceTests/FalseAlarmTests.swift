import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of cases in which a rule must report no finding, or must not overstate the finding.
@Suite struct FalseAlarmTests {
  private static let second: UInt64 = 1_000_000_000

  private func findings(_ stream: RecordStream) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: stream.snapshot())
  }

  private func findings(_ tag: String, _ stream: RecordStream) -> [Finding] {
    findings(stream).filter { $0.tag == tag }
  }

  // MARK: Short transfers

  private func read(
    _ stream: inout RecordStream, _ request: Int, offset: UInt64, length: UInt32 = 4096,
    fd: Int32 = 5
  ) {
    stream.submit(request, "READ", userData: UInt64(request)) {
      $0.fd = fd
      $0.off = offset
      $0.len = length
    }
  }

  /// Returns a stream in which a READ of 4096 bytes at offset 0 gets only 100 bytes. A READ of the
  /// following bytes, in flight at the same time, also gets data.
  private func shortBeforeData(named name: String?) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    read(&stream, 1, offset: 0)
    read(&stream, 2, offset: 4096)
    stream.complete(1, 100)
    stream.complete(2, 4096)
    if let name { stream.fileName(fd: 5, name) }
    return stream
  }

  @Test func aShortReadBeforeDataOfAFileIsFound() {
    #expect(findings("short-transfer", shortBeforeData(named: "/tmp/data")).count == 1)
  }

  @Test(arguments: [nil, "pipe:[7]", "socket:[7]", "/dev/pts/1", "anon_inode:[eventfd]"])
  func aShortReadOfAStreamOrOfAnUnknownFileIsNot(name: String?) {
    #expect(findings("short-transfer", shortBeforeData(named: name)).isEmpty)
  }

  @Test func streamReadsOfDifferentSizesAreNotShort() {
    var stream = RecordStream()
    stream.create(1)
    for (request, size) in [(1, 100), (2, 4096), (3, 17)] {
      read(&stream, request, offset: 0)
      stream.complete(request, Int32(size))
    }
    // This name belongs to the file that fd 5 refers to now, not to the file that the READs used.
    stream.fileName(fd: 5, "/tmp/other")
    #expect(findings("short-transfer", stream).isEmpty)
  }

  @Test func whatIsReadAfterwardsMayBeAnotherFileOrGrown() {
    var stream = RecordStream()
    stream.create(1)
    read(&stream, 1, offset: 0)
    stream.complete(1, 100)
    read(&stream, 2, offset: 4096)
    stream.complete(2, 4096)
    stream.fileName(fd: 5, "/tmp/data")
    #expect(findings("short-transfer", stream).isEmpty)
  }

  // MARK: Workers

  private func hashed(_ opcode: String, result: Int32, flags: SetupFlags = []) -> RecordStream {
    var stream = RecordStream()
    stream.create(1, flags: flags)
    for request in 1...300 {
      stream.submit(request, opcode, userData: UInt64(request)) { $0.fd = 5 }
      stream.queueAsyncWork(request, hashed: true)
    }
    for request in 1...300 { stream.complete(request, result) }
    return stream
  }

  @Test func transfersThatFailAreNoWorkerTrouble() {
    let tags = findings(hashed("READ", result: -95, flags: .ioPoll)).map(\.tag)
    #expect(!tags.contains("hashed-work") && !tags.contains("punt-storm"))
  }

  @Test func hashedReadsAreNotCalledWritesAndOfPolledRingsNoDirectIOIsAsked() throws {
    let polled = findings(hashed("READ", result: 512, flags: .ioPoll))
    let work = try #require(polled.first { $0.tag == "hashed-work" })
    #expect(work.summary.contains("requests (READ) on") && !work.summary.contains("write"))
    #expect(work.meaning.contains("IOPOLL"))
    for finding in polled where ["hashed-work", "punt-storm"].contains(finding.tag) {
      #expect(!finding.cure.contains("O_DIRECT"))
    }
    let buffered = try #require(findings("hashed-work", hashed("WRITE", result: 512)).first)
    #expect(buffered.summary.contains("requests (WRITE) on"))
    #expect(buffered.cure.contains("O_DIRECT"))
  }

  // MARK: Registered files

  @Test(arguments: [(Int32(-1), 0), (3, 0), (5, 1)])
  func onlyAFileCanBeRegistered(fd: Int32, expected: Int) {
    var stream = RecordStream()
    stream.create(1, fd: 3)
    for index in 0..<60_000 {
      let request = index % 64 + 1
      stream.submit(request, "MSG_RING", userData: 1) { $0.fd = fd }
      stream.complete(request)
    }
    #expect(findings("no-registered-file", stream).count == expected)
  }

  // MARK: Queues

  @Test func aQueueOfUnknownSizeHasNoSize() throws {
    var stream = RecordStream()
    stream.submit(1, userData: 7)
    stream.overflow(userData: 7)
    let finding = try #require(findings("cq-overflow", stream).first)
    #expect(finding.summary == "1 CQE did not fit into the queue")
  }

  @Test func adviceHoldsForProgramsThatSubmitAndReapAlready() throws {
    var stream = RecordStream()
    stream.create(1, flags: .singleIssuer)
    stream.submit(1, userData: 7)
    stream.complete(1)
    stream.depth(sq: 1, cq: 1)
    stream.time += 4 * Self.second
    stream.depth(sq: 1, cq: 1)
    let unsubmitted = try #require(findings("unsubmitted-sqes", stream).first)
    #expect(unsubmitted.meaning.contains("its submissions fail"))
    #expect(unsubmitted.cure.contains("-EEXIST"))
    let unreaped = try #require(findings("unreaped-cqes", stream).first)
    #expect(!unreaped.cure.contains("eventfd"))
  }

  // MARK: Hangs

  @Test func anotherRingOfTheProcessCanSendMessages() throws {
    for (tgid, severity) in [(UInt32(10), Finding.Severity.warn), (11, .crit)] {
      var stream = RecordStream()
      stream.create(1)
      stream.create(2, fd: 4, tgid: tgid)
      stream.submit(1, "POLL_ADD", userData: 7)
      stream.wait(1, for: 3)
      stream.depth(sq: 0, cq: 0, waiter: 100)
      stream.time += 5 * Self.second
      stream.depth(sq: 0, cq: 0, waiter: 100)
      let hang = try #require(findings("hang", stream).first)
      #expect(hang.severity == severity)
      #expect(hang.summary.contains("MSG_RING") == (severity == .warn))
      #expect(!hang.summary.contains("can come"))
    }
  }

  /// MariaDB has threads like these: one waits for all completions, the others submit.
  @Test func aThreadThatTakesTheCompletionsOfOthersIsIdle() {
    func severity(submitter: UInt32, threads: [UInt32], isFound: Bool = false) -> [Finding.Severity]
    {
      var stream = RecordStream()
      if isFound { stream.ringFound(1) } else { stream.create(1) }
      if isFound { stream.balance(outstanding: 0) }
      stream.tid = submitter
      stream.submit(1, "READ", userData: 7)
      stream.complete(1, 8)
      stream.tid = 100
      stream.wait(1, for: 1, tgid: 10)
      stream.depth(sq: 0, cq: 0, waiter: 100)
      stream.time += 5 * Self.second
      stream.depth(sq: 0, cq: 0, waiter: 100)
      var snapshot = stream.snapshot()
      snapshot.rings[0].waiter?.tgid = 10
      snapshot.waits.time = snapshot.time
      snapshot.waits.threads = threads.map {
        ThreadState(
          tid: $0, tgid: 10, wait: $0 == 100 ? .cqes(snapshot.rings[0].id) : .unknown,
          since: snapshot.time - Self.second)
      }
      var diagnosis = Diagnosis()
      return diagnosis.findings(in: snapshot).filter { $0.tag == "hang" }.map(\.severity)
    }
    #expect(severity(submitter: 101, threads: [100, 101]) == [.info])
    #expect(severity(submitter: 100, threads: [100, 101]) == [.crit])
    #expect(severity(submitter: 100, threads: [100]) == [.crit])
    #expect(severity(submitter: 100, threads: [100, 101], isFound: true) == [.info])
  }

  // MARK: Chains and errors

  private func chain(_ opcode: String = "READ") -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, opcode, userData: 0x11, flags: .link) { $0.len = 4096 }
    stream.submit(2, userData: 0x12)
    stream.link(2, to: 1)
    return stream
  }

  @Test func whoCancelledTheHeadOfAChainIsNamed() throws {
    var stream = chain()
    stream.submit(3, "ASYNC_CANCEL", userData: 0x13) { $0.addr = 0x11 }
    stream.complete(1, -125)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    stream.complete(3, 0)
    let finding = try #require(findings("broken-chain", stream).first)
    #expect(finding.severity == .info)
    #expect(
      finding.summary
        == "READ 0x11 on fd 0 was cancelled by ASYNC_CANCEL 0x13, together with 1 request behind it"
    )
    #expect(finding.requests == [1, 2, 3])
  }

  @Test func aCancellationOfUnknownOriginIsSaidToBe() throws {
    var stream = chain()
    stream.complete(1, -125)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    let finding = try #require(findings("broken-chain", stream).first)
    #expect(finding.summary.contains("was cancelled (canceller not observed)"))
  }

  @Test func chainCancelledByTheEndOfItsRingIsNotBroken() {
    var stream = chain()
    stream.complete(1, -125)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    var reused = stream
    stream.ringClosed(1)
    #expect(findings("broken-chain", stream).isEmpty)
    reused.submit(3, userData: 0x13)
    reused.complete(3)
    reused.ringClosed(1)
    #expect(findings("broken-chain", reused).count == 1)
  }

  @Test func aChainThatLostNobodyIsNotBroken() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "WRITEV", userData: 0x11, flags: .link)
    stream.submit(2, "LINK_TIMEOUT", userData: 0x12)
    stream.link(2, to: 1)
    stream.complete(1, -14)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    #expect(findings("broken-chain", stream).isEmpty)
  }

  @Test func theEndOfAFileBreaksAChain() throws {
    var stream = chain()
    stream.complete(1, 0)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    let finding = try #require(findings("broken-chain", stream).first)
    #expect(finding.summary.contains("found the end of its file and broke its chain"))
  }

  @Test func vectorsAreNotCountedAsBytes() throws {
    var stream = chain("WRITEV")
    stream.complete(1, 100)
    stream.failLink(1, cancels: 2)
    stream.complete(2, -125)
    let finding = try #require(findings("broken-chain", stream).first)
    #expect(finding.summary.contains("moved fewer bytes than asked for (100)"))
  }

  @Test(arguments: [("ASYNC_CANCEL", Finding.Severity.info), ("OPENAT", .warn)])
  func aCancelThatFindsNothingHasNoWrongArguments(opcode: String, severity: Finding.Severity)
    throws
  {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...60 {
      stream.submit(request, opcode, userData: UInt64(request))
      stream.complete(request, -2)
    }
    let finding = try #require(findings("error-storm", stream).first)
    #expect(finding.severity == severity)
    #expect(finding.cure.contains("arguments") == (severity == .warn))
  }

  // MARK: Memory and buffers

  @Test(arguments: [(UInt64(7), true), (8, false)])
  func requestsThatAreTheSameAreCalledThat(second: UInt64, isTwice: Bool) throws {
    var stream = RecordStream()
    stream.create(1)
    for (request, userData) in [(1, 7), (2, second)] {
      stream.submit(request, "READ", userData: userData) {
        $0.fd = 5
        $0.addr = 0x1000
        $0.len = 64
      }
    }
    let found = findings("overlapping-memory", stream)
    #expect(found.count == 1)
    #expect(found[0].summary.contains("twice, from SQEs that are the same") == isTwice)
    #expect(found[0].summary.contains("share 64 bytes") != isTwice)
    #expect(found[0].requests == [1, 2])
  }

  @Test func aGroupThatHasBuffersIsNotExhausted() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.providedGroup(5, left: 7, entries: 8)
    stream.submit(1, "RECV", userData: 7, flags: .bufferSelect) { $0.buf_index = 5 }
    stream.complete(1, -105)
    stream.providedGroup(5, left: 7, entries: 8)
    let finding = try #require(findings("buffers-exhausted", stream).first)
    #expect(
      finding.summary
        == "RECV 0x7 on fd 0 failed with ENOBUFS (once) though group 5 has 7 of 8 at the last look")
    #expect(!finding.meaning.contains("was left"))
  }

  // MARK: Causes

  private func cause(_ opcode: String, _ place: RecordPlace, expires: UInt64 = 0) -> String? {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, opcode, userData: 7, place: place, knows: [.addr]) {
      $0.addr = 0x4000
      $0.expires_ns = expires
    }
    let snapshot = stream.snapshot()
    return snapshot.inFlight(7).flatMap { snapshot.cause(of: $0)?.text }
  }

  @Test func nobodyIsSaidNotToWakeAFutex() {
    #expect(cause("FUTEX_WAIT", .futex) == "the futex at 0x4000, to be woken")
  }

  @Test func whenATimerFiresIsSaid() {
    let start = RecordStream().time
    #expect(
      cause("TIMEOUT", .timeout, expires: start + 90 * Self.second)?
        .hasPrefix("its timer, which fires in 90 s") == true)
    let far = cause("LINK_TIMEOUT", .linkTimeout, expires: 3_735_928_559 * Self.second)
    #expect(far?.contains("fires in 118 years: its timespec may not have been valid") == true)
    #expect(cause("TIMEOUT", .timeout) == "its timer, whose expiry is not known")
  }
}
