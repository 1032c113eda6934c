import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of findings about SQ threads and io-wq workers.
@Suite struct ServingThreadTests {
  private static let second: UInt64 = 1_000_000_000

  private static func tags(_ snapshot: Snapshot) -> [String] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).map(\.tag)
  }

  private static func finding(_ tag: String, _ snapshot: Snapshot) -> Finding? {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).first { $0.tag == tag }
  }

  // MARK: SQ threads

  /// Returns a snapshot of a ring that was created 4 s ago. Its SQ thread 99 has taken `requests`
  /// requests.
  private static func thread(
    requests: Int = 200, slept: UInt64 = 0, delayed: UInt64 = 0, idle: UInt32 = 4,
    policy: UInt32 = 0, nice: Int32 = 0, processors: String = "0-3"
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1, flags: .sqPoll, sqThread: 99)
    stream.sqThread(ran: 0, delayed: 0, slept: 0, idle: idle, processors)
    for request in 1...requests {
      stream.submit(request, sqThread: true)
      stream.complete(request)
    }
    stream.time += 4 * second
    stream.sqThread(
      ran: second / 10, delayed: delayed, slept: slept, idle: idle, policy: policy, nice: nice,
      processors)
    return stream.snapshot()
  }

  @Test func anSQThreadThatSleepsBetweenRequestsIsNamedWithItsIdleTimeAndTheGap() throws {
    let finding = try #require(Self.finding("sqpoll-sleeps", Self.thread(slept: 180)))
    #expect(finding.severity == .info)
    #expect(
      finding.summary.contains("SQ thread 99 went to sleep 180 times in 4 s, for 200 requests"))
    #expect(finding.summary.contains("it sleeps after 4 ms"))
    #expect(finding.summary.contains("one arrives every 20 ms on average"))
  }

  @Test func anSQThreadThatSleepsLessOftenThanEverySecondRequestIsNot() {
    #expect(Self.finding("sqpoll-sleeps", Self.thread(slept: 99)) == nil)
    #expect(Self.finding("sqpoll-sleeps", Self.thread(requests: 60, slept: 49)) == nil)
    #expect(Self.finding("sqpoll-sleeps", Self.thread(slept: 180, idle: 0)) == nil)
  }

  @Test(arguments: [
    (UInt32(5), Int32(0), "0-3", "it runs with SCHED_IDLE on processors 0-3"),
    (0, 10, "0-3", "its nice value is 10 on processors 0-3"),
    (0, 0, "1", "it may run on processor 1 only"),
  ])
  func anSQThreadThatGetsNoProcessorIsStarvedForAReason(
    policy: UInt32, nice: Int32, processors: String, reason: String
  ) throws {
    let snapshot = Self.thread(
      delayed: 3 * Self.second, policy: policy, nice: nice, processors: processors)
    let finding = try #require(Self.finding("sqpoll-starved", snapshot))
    #expect(finding.severity == .warn)
    #expect(finding.summary.contains("SQ thread 99 was runnable and waited for its processor 75 %"))
    #expect(finding.summary.hasSuffix(reason))
  }

  @Test func onABusyMachineAnSQThreadIsNotStarved() {
    #expect(Self.finding("sqpoll-starved", Self.thread(delayed: 3 * Self.second)) == nil)
    let short = Self.thread(delayed: Self.second, processors: "1")
    #expect(Self.finding("sqpoll-starved", short) == nil)
  }

  @Test func ofAnOlderRingAndASharedThreadCountsBeginAtTheFirstLook() {
    var stream = RecordStream()
    stream.ringFound(1, flags: .sqPoll)
    stream.sqThread(ran: 5_000, delayed: 6_000, slept: 700, idle: 4, "0")
    stream.sqThread(ran: 5_010, delayed: 6_020, slept: 730, idle: 4, "0")
    #expect(
      stream.snapshot().rings[0].sqThreadWork == SQThreadWork(ran: 10, delayed: 20, slept: 30))
    var shared = RecordStream()
    shared.create(1, flags: [.sqPoll, .attachWQ], sqThread: 99)
    shared.sqThread(ran: 5_000, delayed: 6_000, slept: 700, idle: 4, "0")
    #expect(shared.snapshot().rings[0].sqThreadWork == SQThreadWork())
  }

  // MARK: Workers

  private static func pool(
    workers: UInt32 = 48, idle: UInt32 = 48, processors: String = "0-3", program: String = "0-3",
    isAsync: Bool = false
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 0x77, flags: isAsync ? .async : [])
    stream.queueAsyncWork(1)
    stream.complete(1, 1)
    stream.workerPool(workers: workers, idle: idle, processors, program)
    stream.time += 2 * second
    stream.workerPool(workers: workers, idle: idle, processors, program)
    return stream.snapshot()
  }

  @Test func workersThatAreIdleAtEachLookAreSurplus() throws {
    let finding = try #require(Self.finding("idle-workers", Self.pool(isAsync: true)))
    #expect(finding.severity == .info && finding.requests == [1])
    #expect(finding.summary.hasPrefix("48 of 48 io-wq workers of process 10 are idle"))
    #expect(
      finding.summary.hasSuffix(
        "1 of the last 1 requests went to workers, as READ 0x77 on fd 0 with IOSQE_ASYNC"))
  }

  @Test func anOpcodeThatAlwaysNeedsAWorkerWasNotAskedToUseOne() throws {
    let finding = try #require(Self.finding("idle-workers", Self.pool()))
    #expect(!finding.summary.contains("IOSQE_ASYNC"))
  }

  @Test func fewOrBusyWorkersAreNotSurplus() {
    #expect(Self.finding("idle-workers", Self.pool(workers: 48, idle: 31)) == nil)
    #expect(Self.finding("idle-workers", Self.pool(workers: 60, idle: 40)) == nil)
  }

  @Test func workersOnOtherProcessorsThanTheProgramAreNamed() throws {
    let finding = try #require(
      Self.finding("worker-affinity", Self.pool(processors: "4,6", program: "0-3")))
    #expect(finding.severity == .warn)
    #expect(
      finding.summary.hasPrefix(
        "48 io-wq workers of process 10 may run on processors 4,6 only, and its threads on processors 0-3 only"
      ))
    for processors in ["3-6", "0", ""] {
      #expect(Self.finding("worker-affinity", Self.pool(processors: processors)) == nil)
    }
  }

  @Test func aPoolWithoutWorkersIsForgotten() {
    var stream = RecordStream()
    stream.create(1)
    stream.workerPool(workers: 2, idle: 1, "0", "0")
    stream.workerPool(workers: 0, idle: 0, "", "")
    #expect(stream.snapshot().workerPools.isEmpty)
  }

  // MARK: iowait

  private static func waiter(
    inIOWait: Bool = true, kernel: String = "6.18.1",
    change: (inout RecordStream) -> Void = { _ in }
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 0x26) { $0.fd = 5 }
    stream.pollArm(1)
    change(&stream)
    stream.wait(1, for: 1, tgid: 10)
    stream.time += 2 * second
    stream.depth(sq: 0, cq: 0, waiter: 100, inIOWait: inIOWait)
    var aggregator = Aggregator(
      host: HostDescription(kernel: kernel, tier: "tracepoints", startTime: 0, startRealtime: 0))
    stream.consume(into: &aggregator)
    return aggregator.snapshot()
  }

  @Test func aWaitForASocketThatCountsAsIOWaitIsExplained() throws {
    let finding = try #require(Self.finding("iowait", Self.waiter()))
    #expect(finding.severity == .info && finding.requests == [1])
    #expect(finding.summary.contains("RECV 0x26 on fd 5: no storage request is in flight"))
    #expect(finding.cure.contains("IORING_ENTER_NO_IOWAIT"))
    let old = try #require(Self.finding("iowait", Self.waiter(kernel: "6.12.3")))
    #expect(old.cure.contains("needs Linux 6.15"))
  }

  @Test func oneFindingNamesTheLongestWaitAndCountsTheOthers() throws {
    var snapshot = Self.waiter()
    var (ring, request) = (snapshot.rings[0], snapshot.requests[0])
    ring.id = 2
    ring.ownerTgid = 20
    ring.descriptors = []
    ring.waiter?.tid = 200
    ring.waiter?.tgid = 20
    ring.waiter?.since? -= Self.second / 2
    (request.id, request.ring) = (2, 2)
    snapshot.rings.append(ring)
    snapshot.requests.append(request)
    let finding = try #require(Self.finding("iowait", snapshot))
    #expect(finding.rings == [2, 1] && finding.requests == [2])
    #expect(finding.summary.hasPrefix("thread 200"))
    #expect(finding.summary.hasSuffix("; the same holds for 1 other thread"))
  }

  @Test func aWaitThatMayBeForStorageIsNot() {
    #expect(Self.finding("iowait", Self.waiter(inIOWait: false)) == nil)
    let disk = Self.waiter { $0.submit(2, "READ") { $0.fd = 6 } }
    #expect(Self.finding("iowait", disk) == nil)
    let other = Self.waiter { stream in
      stream.create(2, fd: 4)
      stream.submit(2, "READ", ring: 2) { $0.fd = 6 }
    }
    #expect(Self.finding("iowait", other) == nil)
  }
}

extension RecordStream {
  fileprivate mutating func sqThread(
    ran: UInt64, delayed: UInt64, slept: UInt64, idle: UInt32, policy: UInt32 = 0, nice: Int32 = 0,
    _ processors: String
  ) {
    var body = record_sq_thread()
    body.ran_ns = ran
    body.delayed_ns = delayed
    body.slept = slept
    body.idle_ms = idle
    body.policy = policy
    body.nice = nice
    body.length = UInt32(processors.utf8.count)
    add(&body, \.base, .sqThread, 0, ring: 1, text: Array(processors.utf8))
  }

  fileprivate mutating func workerPool(
    workers: UInt32, idle: UInt32, _ processors: String, _ program: String
  ) {
    let text = Array("\(processors)\n\(program)".utf8)
    var body = record_worker_pool()
    body.tgid = 10
    body.workers = workers
    body.idle = idle
    body.length = UInt32(text.count)
    add(&body, \.base, .workerPool, 0, ring: 0, text: text)
  }
}
