import CRecord
import Testing
import UringFindings
import UringTrace

/// Tests of findings about failing system calls, and about requirements of a ring's setup flags.
/// The programs in Tests/Cases make these faults on a real kernel.
@Suite struct SystemCallFindingTests {
  private static let second: UInt64 = 1_000_000_000

  private func findings(_ tag: String, _ stream: RecordStream) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: stream.snapshot()).filter { $0.tag == tag }
  }

  private func notEvaluated(_ stream: RecordStream) -> Set<String> {
    Set(Diagnosis().notEvaluated(in: stream.snapshot(), besides: []).map(\.tag))
  }

  // MARK: io_uring_setup

  private func refused(
    _ flags: SetupFlags, result: Int32 = -22, entries: UInt32 = 8, cqEntries: UInt32 = 0,
    _ change: (inout RecordStream) -> Void = { _ in }
  ) -> [Finding] {
    var stream = RecordStream()
    stream.callsWatched()
    stream.calls(
      .setup, result: result, flags: flags.rawValue, argument: entries, minimum: cqEntries)
    change(&stream)
    return findings("ring-refused", stream)
  }

  private static let flaws: [(SetupFlags, String)] = [
    (.deferTaskrun, "IORING_SETUP_DEFER_TASKRUN needs IORING_SETUP_SINGLE_ISSUER"),
    (.taskrunFlag, "IORING_SETUP_TASKRUN_FLAG needs IORING_SETUP_COOP_TASKRUN or"),
    (.sqAffinity, "IORING_SETUP_SQ_AFF needs IORING_SETUP_SQPOLL"),
    ([.sqPoll, .coopTaskrun], "IORING_SETUP_SQPOLL excludes IORING_SETUP_COOP_TASKRUN"),
    ([.cqe32, .cqeMixed], "IORING_SETUP_CQE32 excludes IORING_SETUP_CQE_MIXED"),
    (.cqSize, "0 cq_entries"),
  ]

  @Test(arguments: flaws)
  func theFlagThatIsWrongIsNamed(_ flags: SetupFlags, _ cause: String) {
    #expect(refused(flags).first?.summary.contains(cause) == true, "\(refused(flags))")
  }

  @Test func sizesThatAreWrongAreNamed() {
    #expect(refused([], entries: 0)[0].summary.contains("0 entries"))
    #expect(refused([], entries: 40000)[0].summary.contains("32768 is the most"))
    #expect(refused(.cqSize, entries: 64, cqEntries: 8)[0].summary.contains("fewer cq_entries"))
    // The kernel rounds both the 64 entries and the 33 cq_entries up to 64.
    #expect(!refused(.cqSize, entries: 64, cqEntries: 33)[0].summary.contains("fewer"))
    #expect(!refused(.clamp, entries: 40000)[0].summary.contains("most"))
  }

  @Test func aFlagThatTheKernelLacksIsNamed() {
    var stream = RecordStream()
    stream.callsWatched()
    stream.calls(.setup, result: -22, flags: SetupFlags.noSQArray.rawValue)
    var snapshot = stream.snapshot()
    for (kernel, isOld) in [("6.1.0-40-amd64", true), ("6.12.5", false), ("test", false)] {
      snapshot.host.kernel = kernel
      var diagnosis = Diagnosis()
      let text = diagnosis.findings(in: snapshot)[0].summary
      #expect(text.contains("is of 6.6") == isOld, "\(kernel)")
    }
  }

  @Test func whoForbidsRingsIsNamed() {
    #expect(
      refused([], result: -1) { $0.limits(disabled: 2) }[0].summary.contains(
        "kernel.io_uring_disabled is 2"))
    #expect(!refused([], result: -1) { $0.limits(disabled: 0) }[0].summary.contains("disabled"))
    var stream = RecordStream()
    stream.callsWatched()
    stream.calls(.setup, result: -1, isEntered: false, isFiltered: true)
    #expect(findings("ring-refused", stream)[0].summary.contains("seccomp"))
  }

  @Test func aProgramThatFallsBackToOtherFlagsIsNotRefused() {
    #expect(refused(.noSQArray) { $0.calls(.setup, result: 0) }.isEmpty)
    #expect(refused(.noSQArray) { $0.create(1, tgid: 10) }.isEmpty)
    // A ring that another process creates is not the fallback of the refused process.
    #expect(refused(.noSQArray) { $0.create(1, tgid: 11) }.count == 1)
    // Of two failed attempts, only the last is reported.
    let twice = refused(.deferTaskrun) { $0.calls(.setup, result: -12) }
    #expect(twice.count == 1 && twice[0].summary.contains("ENOMEM"))
    #expect(twice[0].rings.isEmpty && twice[0].ring == 0)
  }

  // MARK: io_uring_enter

  private func foreignIssuer(_ change: (inout RecordStream) -> Void = { _ in }) -> RecordStream {
    var stream = RecordStream()
    stream.callsWatched()
    stream.create(1, flags: .singleIssuer)
    stream.ringFound(1, flags: .singleIssuer, submitter: 100)
    stream.tid = 101
    stream.calls(.enter, ring: 1, result: -17, count: 9)
    change(&stream)
    return stream
  }

  @Test func theThreadThatMustSubmitIsNamed() throws {
    let found = findings("single-issuer", foreignIssuer())
    try #require(found.count == 1)
    #expect(found[0].severity == .warn && found[0].rings == [1])
    #expect(found[0].summary.contains("io_uring_enter in thread 101 failed with EEXIST, 9 times"))
    #expect(found[0].summary.contains("belongs to thread 100"))
    let stuck = findings(
      "single-issuer",
      foreignIssuer {
        $0.depth(sq: 1, cq: 0)
        $0.unsubmitted("READ", userData: 0x401)
      })
    // The finding remains if the program has ended and its ring is closed.
    #expect(findings("single-issuer", foreignIssuer { $0.ringClosed(1) }).count == 1)
    #expect(stuck[0].severity == .crit && stuck[0].summary.hasPrefix("READ 0x401 is in the SQ: "))
  }

  @Test func callsThatSucceedOrTimeOutAreNoFailures() {
    for result: Int32 in [0, -4, -11, -62] {
      var stream = RecordStream()
      stream.callsWatched()
      stream.create(1, flags: .singleIssuer)
      stream.calls(.enter, ring: 1, result: result, count: 9)
      #expect(findings("single-issuer", stream).isEmpty)
      #expect(findings("failed-enter", stream).isEmpty)
    }
  }

  @Test func otherFailuresAreExplained() {
    let causes: [(error: Int32, flags: UInt32, text: String)] = [
      (53, 0, "dropped"), (16, 0, "overflow list"), (77, 0, "R_DISABLED"), (14, 8, "not mapped"),
      (14, 8 | 64, "outside the region for waiting"),
    ]
    for (error, flags, cause) in causes {
      var stream = RecordStream()
      stream.callsWatched()
      stream.create(1)
      stream.calls(.enter, ring: 1, result: -error, flags: flags)
      #expect(findings("failed-enter", stream).first?.summary.contains(cause) == true)
    }
  }

  @Test func withoutSystemCallsTheirRulesAreNotEvaluatedWhereTheyMatter() {
    let tags: Set = ["single-issuer", "failed-enter", "ring-refused"]
    var stream = RecordStream()
    #expect(notEvaluated(stream).intersection(tags) == ["ring-refused"])
    stream.create(1)
    #expect(notEvaluated(stream).isDisjoint(with: tags))
    stream.create(2, flags: .singleIssuer)
    #expect(notEvaluated(stream).intersection(tags) == ["single-issuer"])
    stream.depth(1, sq: 1, cq: 0)
    #expect(notEvaluated(stream).intersection(tags) == ["single-issuer", "failed-enter"])
    stream.callsWatched()
    #expect(notEvaluated(stream).isDisjoint(with: tags))
  }

  // MARK: io_uring_register

  private func withoutTable(_ change: (inout RecordStream) -> Void) -> [Finding] {
    var stream = RecordStream()
    stream.create(1)
    change(&stream)
    stream.submit(1, "READ_FIXED", userData: 7) { $0.fd = 3 }
    stream.complete(1, -14)
    return findings("failed-registration", stream)
  }

  @Test func theCallThatFailedIsJoinedWithTheRequestsThatNeededIt() throws {
    let found = withoutTable {
      // `RecordStream.register` sets no process, so the limits are those of process 0.
      $0.limits(tgid: 0, locked: 65536)
      $0.register(1, opcode: 0, files: 0, buffers: 0, result: -12)
    }
    try #require(found.count == 1)
    #expect(found[0].summary.contains("IORING_REGISTER_BUFFERS failed with ENOMEM in thread 100"))
    #expect(found[0].summary.contains("64 KiB"))
    #expect(found[0].requests.count == 1)
  }

  @Test func theLimitIsNotNamedWhereItDoesNotApply() {
    let other = withoutTable {
      $0.limits(tgid: 0, locked: 65536)
      $0.register(1, opcode: 0, files: 0, buffers: 0, result: -14)
    }
    #expect(other.count == 1 && !other[0].summary.contains("MEMLOCK"))
  }

  @Test func aTableThatWasThereIsNotMissing() {
    // The application registers a table again, with empty slots.
    let again = withoutTable {
      $0.register(1, opcode: 0, files: 0, buffers: 0, result: -12)
      $0.registerBuffers([], opcode: 15, size: 4)
    }
    #expect(again.isEmpty)
    // The application unregisters the table after the request.
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ_FIXED", userData: 7) { $0.fd = 3 }
    stream.complete(1, -14)
    stream.register(1, opcode: 1, files: 0, buffers: 0, result: 0)
    #expect(findings("failed-registration", stream).isEmpty)
  }

  @Test func registeredFilesThatAreMissingAreFound() {
    var stream = RecordStream()
    stream.create(1)
    stream.register(1, opcode: 2, files: 0, buffers: 0, result: -24)
    stream.submit(1, "READ", userData: 7, flags: .fixedFile) { $0.fd = 0 }
    stream.complete(1, -9)
    let found = findings("failed-registration", stream)
    #expect(found.first?.summary.contains("IORING_REGISTER_FILES failed with EMFILE") == true)
  }

  // MARK: Batches

  private func stopped(
    flags: SetupFlags = [], seconds: UInt64 = 2, _ change: (inout RecordStream) -> Void = { _ in }
  ) -> [Finding] {
    var stream = RecordStream()
    stream.create(1, flags: flags)
    stream.submit(1, userData: 0x1801)
    stream.prepareFails(2, "READ", error: -22, userData: 0x1802)
    stream.complete(1)
    stream.complete(2, -22)
    change(&stream)
    stream.depth(sq: 2, cq: 0)
    stream.balance(outstanding: 0)
    stream.unsubmitted("READ", userData: 0x1803)
    stream.unsubmitted("READ", userData: 0x1804)
    stream.lastTaken("READ", userData: 0x1802, count: 2, result: -22)
    stream.time += seconds * Self.second
    stream.depth(sq: 2, cq: 0)
    return findings("batch-stopped", stream)
  }

  @Test func theSQEThatStoppedABatchIsNamed() throws {
    let found = stopped()
    try #require(found.count == 1)
    #expect(found[0].severity == .warn && found[0].requests.count == 1)
    #expect(found[0].summary.hasPrefix("READ 0x1802 on fd 0 failed in preparation with EINVAL"))
    #expect(found[0].summary.contains("2 of 4") && found[0].summary.contains("READ 0x1803"))
  }

  @Test func aBatchThatDidNotStopThereIsNotFound() {
    #expect(stopped(flags: .submitAll).isEmpty)
    #expect(stopped(flags: .sqPoll).isEmpty)
    #expect(stopped(seconds: 0).isEmpty)
    // Another submission followed, so the SQEs left in the queue belong to that submission.
    #expect(
      stopped {
        $0.submit(3, userData: 9)
        $0.complete(3)
      }.isEmpty)
  }

  @Test func attachedLateTheRingsMemoryShowsIt() throws {
    func late(result: Int32?) -> [Finding] {
      var stream = RecordStream()
      stream.ringFound(1)
      stream.depth(sq: 2, cq: 0)
      stream.balance(outstanding: 0)
      stream.lastTaken("READ", userData: 0x1802, count: 2, result: result)
      stream.time += 2 * Self.second
      stream.depth(sq: 2, cq: 0)
      return findings("batch-stopped", stream)
    }
    try #require(late(result: -22).count == 1)
    #expect(late(result: -22)[0].summary.contains("if it failed in preparation"))
    for result: Int32? in [nil, 64, -125] { #expect(late(result: result).isEmpty) }
  }

  // MARK: Deferred work

  private func ready(
    flags: SetupFlags = [.singleIssuer, .deferTaskrun], seconds: UInt64 = 2,
    _ change: (inout RecordStream) -> Void = { _ in }
  ) -> [Finding] {
    var stream = RecordStream()
    stream.create(1, flags: flags)
    stream.submit(1, "RECV", userData: 0x501)
    stream.pollArm(1)
    stream.taskAdd(1)
    change(&stream)
    stream.time += seconds * Self.second
    stream.depth(sq: 0, cq: 0)
    return findings("deferred-work", stream)
  }

  @Test func workThatNobodyRunsIsFound() throws {
    let found = ready()
    try #require(found.count == 1)
    #expect(found[0].summary.contains("RECV 0x501 on fd 0 has been ready for 2 s"))
    #expect(found[0].cure.contains("IORING_SETUP_TASKRUN_FLAG"))
    let flagged = ready(flags: [.singleIssuer, .deferTaskrun, .taskrunFlag])
    #expect(flagged[0].cure.contains("IORING_SQ_TASKRUN"))
  }

  @Test func workThatRunsInTimeIsNotFound() {
    #expect(ready(flags: []).isEmpty)
    #expect(ready(seconds: 0).isEmpty)
    // The deferred work has run. No record shows whether the request waits again.
    #expect(ready { $0.localWorkRun() }.isEmpty)
    #expect(ready { $0.complete(1) }.isEmpty)
  }

  @Test func aTaskThatWaitsRunsTheWorkWhenThereIsEnough() {
    var stream = RecordStream()
    stream.create(1, flags: [.singleIssuer, .deferTaskrun])
    stream.submit(1, "RECV", userData: 0x501)
    stream.pollArm(1)
    stream.taskAdd(1)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    stream.time += 5 * Self.second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    #expect(findings("deferred-work", stream).isEmpty)
  }
}
