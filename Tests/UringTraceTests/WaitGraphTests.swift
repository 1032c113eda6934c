import Testing
import UringFindings

@testable import UringTrace

/// Tests of deadlocks, and of cycles that can still end because of an event from outside.
@Suite struct WaitGraphTests {
  private static let second: UInt64 = 1_000_000_000

  /// Returns a snapshot of ring 1 of process 10. The process's only thread, 100, has waited for
  /// READ 0xd1 on pipe 7 for 9 s. The process holds both ends of the pipe: fd 3 reads, fd 4 writes.
  static func selfReader() -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    let start = stream.waitForPoll("READ", userData: 0xd1, fd: 3, events: 1)
    var snapshot = stream.snapshot()
    snapshot.rings[0].ownerTgid = 10
    snapshot.rings[0].waiter?.missing = 1
    snapshot.rings[0].descriptors = [Ring.Descriptor(tgid: 10, fd: 5)]
    snapshot.waits.time = snapshot.time - second
    snapshot.waits.isComplete = true
    let ring = snapshot.rings[0].id
    snapshot.waits.threads = [
      ThreadState(tid: 100, tgid: 10, wait: .cqes(ring), since: start)
    ]
    var ringFile = OpenFile(tgid: 10, fd: 5, kind: .ring, file: 50)
    ringFile.ring = ring
    snapshot.waits.files = [ringFile] + pipe(7, reader: (10, 3), writer: (10, 4))
    // The request holds a reference to the read end.
    snapshot.waits.files[1].references += 1
    return snapshot
  }

  private static func pipe(
    _ inode: UInt64, reader: (tgid: UInt32, fd: Int32), writer: (tgid: UInt32, fd: Int32)
  ) -> [OpenFile] {
    var ends = [
      OpenFile(tgid: reader.tgid, fd: reader.fd, kind: .pipe, file: inode * 100, inode: inode),
      OpenFile(tgid: writer.tgid, fd: writer.fd, kind: .pipe, file: inode * 100 + 1, inode: inode),
    ]
    (ends[0].canWrite, ends[1].canRead) = (false, false)
    for index in ends.indices { (ends[index].readers, ends[index].writers) = (1, 1) }
    for index in ends.indices { ends[index].capacity = 16 }
    return ends
  }

  private static func deadlocks(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).filter { $0.tag == "deadlock" }
  }

  @Test func aThreadThatHoldsTheOnlyWriteEndOfThePipeItReadsNeverWakes() throws {
    let findings = Self.deadlocks(Self.selfReader())
    let finding = try #require(findings.first)
    #expect(findings.count == 1 && finding.severity == .crit && finding.requests == [1])
    #expect(finding.summary.contains("READ 0xd1 waits for data in pipe:[7]"))
    #expect(finding.summary.contains("its only write end is fd 4 of process 10"))
    #expect(
      finding.summary.hasSuffix("the only thread of process 10 is 100, the waiting thread itself"))
    #expect(
      finding.edges.map { "\($0.from) > \($0.to)" } == [
        "thread 100 > ring 1", "ring 1 > request 1", "ring 1 > process 10",
        "request 1 > pipe 7 reading", "pipe 7 reading > process 10", "process 10 > thread 100",
      ])
  }

  @Test func itReplacesWaiting() {
    var diagnosis = Diagnosis()
    #expect(diagnosis.findings(in: Self.selfReader()).map(\.tag) == ["deadlock"])
    var open = Self.selfReader()
    open.waits.isComplete = false
    #expect(diagnosis.findings(in: open).map(\.tag) == ["waiting"])
  }

  /// A change of the snapshot after which one wait of the cycle can end.
  struct Opening: CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout Snapshot) -> Void
  }

  static let openings: [Opening] = [
    Opening(testDescription: "an unknown process also has the write end open") {
      $0.waits.files.append(
        OpenFile(tgid: 20, fd: 9, kind: .pipe, file: 701, inode: 7))
      for index in $0.waits.files.indices where $0.waits.files[index].file == 701 {
        $0.waits.files[index].references = 2
        $0.waits.files[index].canRead = false
        $0.waits.files[index].writers = 1
      }
    },
    Opening(testDescription: "no descriptor shows one reference to the write end") {
      $0.waits.files[2].references += 1
    },
    Opening(testDescription: "no descriptor shows one of two files open for writing") {
      for index in 1...2 { $0.waits.files[index].writers = 2 }
    },
    Opening(testDescription: "the descriptor of the request was reused") {
      $0.waits.files[1].references = 1
    },
    Opening(testDescription: "the pipe has data") {
      for index in 1...2 { $0.waits.files[index].pending = 1 }
    },
    Opening(testDescription: "the look at waits omitted something") { $0.waits.isComplete = false },
    Opening(testDescription: "no look at waits was made") { $0.waits.time = 0 },
    Opening(testDescription: "the look is old") { $0.time += 12 * second },
    Opening(testDescription: "the thread has slept for half a second only") {
      $0.waits.threads[0].since = $0.waits.time - second / 2
    },
    Opening(testDescription: "the start of the thread's sleep is unknown") {
      $0.waits.threads[0].since = 0
    },
    Opening(testDescription: "its wait has a timeout") { $0.waits.threads[0].wait = .timed },
    Opening(testDescription: "it is stopped") { $0.waits.threads[0].wait = .stopped },
    Opening(testDescription: "it was called again") { $0.rings[0].lastWaitTime = $0.waits.time },
    Opening(testDescription: "a second thread sleeps for a time") {
      $0.waits.threads.append(
        ThreadState(tid: 101, tgid: 10, wait: .timed, since: $0.waits.threads[0].since))
    },
    Opening(testDescription: "a second thread is blocked by something else") {
      $0.waits.threads.append(
        ThreadState(tid: 101, tgid: 10, wait: .unknown, since: $0.waits.threads[0].since))
    },
    Opening(testDescription: "the process catches SIGTERM: a handler can write to the pipe") {
      $0.waits.threads[0].signals = 1 << 14
    },
    Opening(testDescription: "the process catches SIGALRM") {
      $0.waits.threads[0].signals = 1 << 13
    },
    Opening(testDescription: "a request of the ring has ended since the look") {
      var ended = $0.requests[0]
      (ended.id, ended.state, ended.lastTime) = (2, .completed, $0.waits.time + 1)
      $0.recent.append(ended)
    },
    Opening(testDescription: "the request moved since the look") {
      $0.requests[0].lastTime = $0.waits.time + 1
    },
    Opening(testDescription: "the request's place is unknown") {
      $0.requests[0].place = .unknown
    },
    Opening(testDescription: "the file was ready") {
      $0.fileStates[1] = FileState(
        pollEvents: 1, receiveBytes: nil, sendBytes: nil, text: "", time: $0.waits.time)
    },
    Opening(testDescription: "a timeout is in flight as well") {
      var timeout = $0.requests[0]
      timeout.id = 2
      timeout.place = .timeout
      $0.requests.append(timeout)
    },
    Opening(testDescription: "the ring has requests that are not listed") {
      $0.rings[0].isFound = true
    },
    Opening(
      testDescription: "another ring of the process, with a request in flight, was not looked at"
    ) {
      var other = $0.rings[0]
      (other.id, other.inFlight) = (9, 1)
      $0.rings.append(other)
    },
    Opening(testDescription: "another process has the ring open") {
      $0.rings[0].descriptors.append(Ring.Descriptor(tgid: 20, fd: 3))
    },
  ]

  @Test(arguments: openings) func oneOpenEndIsEnough(_ opening: Opening) {
    var snapshot = Self.selfReader()
    opening.change(&snapshot)
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  @Test func signalsThatOnlyReportFaultsOpenNothing() {
    var snapshot = Self.selfReader()
    // SIGILL, SIGABRT, SIGSEGV and the internal signals of the C library.
    snapshot.waits.threads[0].signals = 1 << 3 | 1 << 5 | 1 << 10 | 1 << 31 | 1 << 32
    #expect(Self.deadlocks(snapshot).count == 1)
  }

  @Test func lostRecordsAndFiltersSilenceTheRule() {
    var snapshot = Self.selfReader()
    var diagnosis = Diagnosis(seesEveryRequest: false)
    #expect(!diagnosis.findings(in: snapshot).contains { $0.tag == "deadlock" })
    snapshot.lost.ringBufferFull = 1
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  @Test func lossesBeforeTheRingWasCreatedHideNothing() {
    var snapshot = Self.selfReader()
    snapshot.lost.ringBufferFull = 1
    snapshot.lossTime = snapshot.rings[0].firstTime - 1
    #expect(Self.deadlocks(snapshot).count == 1)
    #expect(!Self.silenced(snapshot).contains("deadlock"))
    #expect(!Self.silenced(snapshot).contains("hang"))
    // Requests of the ring that were submitted before uringtop saw it could be unknown.
    snapshot.rings[0].isFound = true
    #expect(Self.deadlocks(snapshot).isEmpty)
    #expect(Self.silenced(snapshot).contains("deadlock"))
    #expect(Self.silenced(snapshot).contains("hang"))
  }

  @Test func theKernelsCountSinceTheLossShowsThatAllRequestsAreKnown() {
    var snapshot = Self.selfReader()
    snapshot.lost.ringBufferFull = 1
    snapshot.lossTime = snapshot.rings[0].firstTime
    #expect(Self.deadlocks(snapshot).isEmpty)
    let balance = Ring.Balance(
      method: .allocated, outstanding: 1, accounted: 1, reached: 1, time: snapshot.lossTime + 1)
    snapshot.rings[0].balance = balance
    #expect(Self.deadlocks(snapshot).count == 1)
    #expect(!Self.silenced(snapshot).contains("deadlock"))
    for change in [
      { (balance: inout Ring.Balance) in balance.outstanding = 2 },
      { $0.time = snapshot.lossTime },
      { $0.method = .sequence },
    ] {
      var changed = balance
      change(&changed)
      snapshot.rings[0].balance = changed
      #expect(Self.deadlocks(snapshot).isEmpty)
    }
    snapshot.rings[0].balance = balance
    // Another ring of the process may have requests that are not known.
    var other = snapshot.rings[0]
    (other.id, other.inFlight, other.balance) = (9, 0, nil)
    snapshot.rings.append(other)
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  /// Returns the tags of the rules that could not be evaluated because records were lost.
  private static func silenced(_ snapshot: Snapshot) -> [String] {
    Diagnosis().notEvaluated(in: snapshot, besides: []).filter { $0.reason == .losses }.map(\.tag)
  }

  /// The only possible writer, thread 101, waits for a mutex that the waiting thread 100 holds.
  @Test func aThreadThatWaitsForAFutexIsPartOfTheCycle() throws {
    var snapshot = Self.selfReader()
    snapshot.waits.threads.append(
      ThreadState(
        tid: 101, tgid: 10, wait: .futex(0x1000), since: snapshot.waits.threads[0].since))
    snapshot.waits.futexes = [
      FutexWord(tgid: 10, address: 0x1000, value: 2, isPrivate: true, owner: 100)
    ]
    let finding = try #require(Self.deadlocks(snapshot).first)
    #expect(finding.summary.contains("thread 101 is blocked in futex() at 0x1000"))
    #expect(finding.summary.contains("a mutex that thread 100 holds"))
    snapshot.waits.futexes[0].isPrivate = false
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  /// The write end belongs to process 20, whose thread reads a pipe of process 10 in read().
  @Test func twoProcessesThatReadFromEachOtherAreOneDeadlock() throws {
    var snapshot = Self.selfReader()
    let since = snapshot.waits.threads[0].since
    snapshot.waits.files[2].tgid = 20
    var other = ThreadState(tid: 200, tgid: 20, wait: .reads, since: since)
    (other.call, other.fd) = ("read", 6)
    snapshot.waits.threads.append(other)
    snapshot.waits.files += Self.pipe(8, reader: (20, 6), writer: (10, 7))
    let finding = try #require(Self.deadlocks(snapshot).first)
    #expect(finding.summary.hasPrefix("2 threads can never wake"))
    #expect(finding.summary.contains("thread 200 is blocked in read() on fd 6, pipe:[8]"))
    #expect(finding.summary.contains("fd 7 of process 10"))
    // A SIGTERM handler in process 20 can end neither that process's wait nor the wait of process
    // 10.
    snapshot.waits.threads[1].signals = 1 << 14
    #expect(Self.deadlocks(snapshot).count == 1)
    snapshot.waits.threads[1].wait = .timed
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  @Test func aFutexWordThatHasChangedIsALostWake() throws {
    var snapshot = Self.selfReader()
    snapshot.requests[0].opcode = Opcode(rawValue: 51)
    snapshot.requests[0].place = .futex
    (snapshot.requests[0].sqe.addr, snapshot.requests[0].sqe.off) = (0x1000, 0)
    snapshot.waits.futexes = [FutexWord(tgid: 10, address: 0x1000, value: 1, isPrivate: true)]
    var diagnosis = Diagnosis()
    let finding = try #require(diagnosis.findings(in: snapshot).first)
    #expect(finding.tag == "lost-wake" && finding.severity == .crit)
    #expect(finding.summary.contains("holds 1 and it expects 0"))
    // Another thread may still wake the request.
    snapshot.waits.threads.append(
      ThreadState(tid: 101, tgid: 10, wait: .timed, since: snapshot.waits.threads[0].since))
    #expect(diagnosis.findings(in: snapshot).first?.severity == .warn)
    snapshot.waits.futexes[0].value = 0
    #expect(!diagnosis.findings(in: snapshot).contains { $0.tag == "lost-wake" })
  }

  /// A ublk server reads its own device. Its READ waits for a free tag, which only the server can
  /// give back.
  @Test func aUblkServerThatReadsItsOwnDeviceWaitsForItself() throws {
    var snapshot = Self.selfReader()
    snapshot.requests[0].place = .workerRunning
    snapshot.requests[0].workerTid = 77
    snapshot.fileNames.descriptors[.init(tgid: 10, fd: 3)] = "/dev/ublkb0"
    snapshot.kernelStacks[77] = KernelStack(
      frames: ["blk_mq_get_tag+0x1ac", "__blk_mq_alloc_requests+0x1"], areNamesHidden: false,
      time: snapshot.waits.time)
    var io = GroupBuffer.UblkIO()
    io.device = "ublkb0"
    snapshot.diskRequests = [
      DiskRequest(
        request: nil, block: io, startTime: 1, driverTime: 2, serverTgid: 10, isWithServer: true,
        time: snapshot.waits.time)
    ]
    let finding = try #require(Self.deadlocks(snapshot).first)
    #expect(
      finding.summary.contains("READ 0xd1 waits for a free tag (blk_mq_get_tag) in worker 77"))
    #expect(finding.summary.contains("ublkb0 queue 0 tag 0 is with its server, process 10"))
    var driver = snapshot
    driver.diskRequests[0].isWithServer = false
    #expect(Self.deadlocks(driver).isEmpty)
    snapshot.kernelStacks[77]?.frames = ["io_schedule+0x1", "folio_wait_bit+0x1"]
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  @Test func aProcessWhoseThreadsAreStoppedIsNamed() throws {
    var snapshot = Self.selfReader()
    snapshot.requests[0].state = .taskWork
    snapshot.waits.threads[0].wait = .stopped
    snapshot.waits.threads[0].state = "T"
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "stopped-process" })
    #expect(
      finding.summary
        == "process 10 is stopped (state T), with 1 request in flight; 1 ready, whose task work waits for it to run"
    )
    snapshot.waits.threads.append(ThreadState(tid: 101, tgid: 10, wait: .runs, since: 0))
    #expect(!diagnosis.findings(in: snapshot).contains { $0.tag == "stopped-process" })
  }

  /// No process has a descriptor of the pipe. The ring's slot 0 holds the read end, slot 1 the
  /// write end.
  @Test func registeredFilesAreHeldByTheProcessesOfTheirRing() throws {
    var snapshot = Self.selfReader()
    for index in 1...2 {
      snapshot.waits.files[index].fd = Int32(-index)
      snapshot.waits.files[index].ring = snapshot.rings[0].id
      snapshot.waits.files[index].references = 1
    }
    snapshot.requests[0].flags |= 1
    snapshot.requests[0].sqe.flags |= 1
    snapshot.requests[0].sqe.fd = 0
    let finding = try #require(Self.deadlocks(snapshot).first)
    #expect(finding.summary.contains("its only write end is registered file 1 of process 10"))
    // With two descriptors of the ring, its table is listed twice.
    var twice = snapshot
    twice.waits.files += snapshot.waits.files[1...2]
    #expect(Self.deadlocks(twice).count == 1)
    // Now an unknown holder also has a reference to the write end.
    snapshot.waits.files[2].references = 2
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  @Test func aRequestBehindADrainWaitsForThoseBeforeIt() throws {
    var snapshot = Self.selfReader()
    var held = snapshot.requests[0]
    (held.id, held.state, held.place, held.userData) = (2, .deferred, .deferred, 0xd2)
    snapshot.requests.append(held)
    let finding = try #require(Self.deadlocks(snapshot).first)
    let text = "READ 0xd2 is held back (IOSQE_IO_DRAIN) until READ 0xd1 has ended"
    #expect(finding.edges.contains { $0.text == text && $0.to == "request 1" })
    // If the request before the drained one is a timer, it will expire. If no request before the
    // drained one is known, no deadlock can be concluded.
    snapshot.requests[0].place = .timeout
    #expect(Self.deadlocks(snapshot).isEmpty)
    snapshot.requests.removeFirst()
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

  /// Linux 6.1 looks up the file of a drained request at submission, so the request holds the file.
  @Test(arguments: [true, false]) func aRequestBehindADrainHoldsTheFileThatTheKernelShows(
    _ isShown: Bool
  ) {
    var snapshot = Self.selfReader()
    var write = snapshot.requests[0]
    write.id = 2
    (write.opcode, write.state, write.place) = (op("WRITE"), .deferred, .deferred)
    write.sqe.fd = 4
    if isShown {
      var file = FileIdentity()
      (file.address, file.inode) = (701, 7)
      write.setFile(file)
    }
    snapshot.requests.append(write)
    snapshot.waits.files[2].references += 1
    #expect(Self.deadlocks(snapshot).count == (isShown ? 1 : 0))
  }

  @Test func anEventfdThatTheKernelCanSignalIsOpen() {
    var snapshot = Self.selfReader()
    snapshot.waits.files.removeLast()
    snapshot.waits.files[1].kind = .eventfd
    snapshot.waits.files[1].kernelUsers = 1
    #expect(Self.deadlocks(snapshot).count == 1)
    snapshot.waits.files[1].kernelUsers = 2
    #expect(Self.deadlocks(snapshot).isEmpty)
  }

}
