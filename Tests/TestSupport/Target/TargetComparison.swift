import UringTrace

/// Compares each group that uringtop shows with the log of the ublk target (the server of `uringtop
/// demo`) that owns the buffers.
///
/// No group may be missing, wrong or extra: each I/O with data must have its group, and the
/// requests on the target's rings must be exactly those of the log.
public struct TargetComparison {
  let log: [TargetIO]
  let account: TargetAccount
  let snapshot: Snapshot
  /// The target's rings by queue.
  private(set) var rings: [UInt16: Ring.ID] = [:]
  private(set) var requests: [Tag: Requests] = [:]
  /// The I/Os of the log by tag, in order of time.
  private(set) var logged: [Tag: [TargetIO]] = [:]
  /// Requests that were queued to io-wq workers.
  private(set) var workers: Set<Request.ID> = []

  private(set) var allDifferences: [TargetDifference] = []

  /// Number of ended groups that a capture keeps while it records (`LiveCapture.start`).
  private static let keptGroups = 4_000
  /// I/Os whose differences are explained by missed events (events for which the kernel ran no BPF
  /// program).
  var excusedIOs: Set<IO> = []
  var rightFaults: Set<IO> = []
  /// Number of groups that agree with the log.
  public internal(set) var groupCount = 0

  /// The differences between the target's log and uringtop's account that missed events do not
  /// explain. Each text names its I/O. Empty if the two agree.
  /// After a missing or extra I/O, the other I/Os of the same tag are still compared.
  public var differences: [String] {
    allDifferences.filter { !isExcused($0) }.map(\.text)
  }

  /// The differences that missed events explain.
  public var excuses: [String] { allDifferences.filter(isExcused).map(\.text) }

  /// Number of I/Os with a fault whose group has the fault's condition.
  public var faultCount: Int { rightFaults.count }

  /// Number of I/Os with a fault whose condition is missing because of a missed event.
  public var excusedFaultCount: Int {
    log.count { $0.fault != nil && excusedIOs.contains(IO($0)) && !rightFaults.contains(IO($0)) }
  }

  /// Number of the target's queues with an observed ring.
  public var queueCount: Int { rings.count }

  struct Tag: Hashable {
    var queue: UInt16
    var tag: UInt16

    init(queue: UInt16, tag: UInt16) {
      self.queue = queue
      self.tag = tag
    }

    init(_ io: TargetIO) { self.init(queue: io.queue, tag: io.tag) }

    var name: String { "queue \(queue), tag \(tag)" }
  }

  /// Identifies an I/O of the log.
  struct IO: Hashable {
    var queue: UInt16
    var number: UInt64

    init(_ io: TargetIO) {
      queue = io.queue
      number = io.number
    }
  }

  /// The requests that serve the I/Os of a tag, each kind in order of submission.
  struct Requests {
    var commits: [Request] = []
    var members: [Request] = []
  }

  /// A span of time, with both limits. It contains no time if a wrong log makes `end` earlier than
  /// `start`.
  struct Span {
    var start: UInt64
    var end: UInt64

    func contains(_ time: UInt64) -> Bool { start <= time && time <= end }
  }

  /// - Parameter missed: missed events, whose effects may be missing in the snapshot.
  public init(
    log: [TargetIO], account: TargetAccount, snapshot: Snapshot, missed: [MissedEvents] = []
  ) {
    self.log = log.sorted { $0.fetchedNs < $1.fetchedNs }
    self.account = account
    self.snapshot = snapshot
    collect()
    compareAccount()
    compareRequests()
    compareGroups()
    compareDocument()
    excuse(missed)
  }

  private mutating func collect() {
    for io in log { logged[Tag(io), default: []].append(io) }
    let all = (snapshot.recent + snapshot.requests).sorted { $0.id < $1.id }
    for request in all {
      if request.steps.contains(where: {
        [.queuedToWorker, .queuedToWorkerHashed].contains($0.kind)
      }) {
        workers.insert(request.id)
      }
      guard let (command, payload) = ServerCommand.of(request), command.isFetch else { continue }
      let ring = rings[payload.queue] ?? request.ring
      rings[payload.queue] = ring
      expect(request.ring, ring, TargetSubject("queue \(payload.queue)"), "its ring")
      guard command == .commitAndFetch else { continue }
      requests[Tag(queue: payload.queue, tag: payload.tag), default: Requests()].commits
        .append(request)
    }
    let queues = Dictionary(rings.map { ($1, $0) }) { one, _ in one }
    for request in all where TargetUserData(request).kind == .member {
      guard let queue = queues[request.ring] else { continue }
      requests[Tag(queue: queue, tag: TargetUserData(request).tag), default: Requests()].members
        .append(request)
    }
  }

  // MARK: Totals

  private mutating func compareAccount() {
    expect(snapshot.lost.ringBufferFull + snapshot.lost.outputStalled, 0, "lost records")
    expect(snapshot.damagedRecordCount, 0, "damaged records")
    expect(account.demo.errors, 0, "errors of the target")
    expect(log.count, account.demo.ios, "I/Os in the log")
    expect(log.count { $0.slot != nil }, account.demo.groups, "groups in the log")
    expect(log.reduce(0) { $0 + $1.members }, account.demo.members, "members in the log")
    for fault in account.demo.faults {
      expect(log.count { $0.fault == fault.fault }, fault.ios, "I/Os with \(fault.fault)")
    }
    let numbers = Dictionary(grouping: log, by: \.queue).mapValues { $0.map(\.number).sorted() }
    for (queue, numbers) in numbers where numbers != Array(0..<UInt64(numbers.count)) {
      differ("the log of queue \(queue) has gaps or repeats")
    }
  }

  // MARK: The document

  /// Compares the JSON document that `uringtop demo` printed with the snapshot of the recording.
  private mutating func compareDocument() {
    let groups = Dictionary(snapshot.groups.map { ($0.id, $0) }) { one, _ in one }
    expect(account.groups.count, min(groups.count, Self.keptGroups), "groups in the document")
    for shown in account.groups {
      let name = TargetSubject("group \(shown.id) of the document")
      guard let group = groups[shown.id] else {
        differ(name, "is not in the recording")
        continue
      }
      let expected = TargetAccount.Group(group)
      expect(shown.provider, expected.provider, name, "provider")
      expect(shown.memberCount, expected.memberCount, name, "members")
      expect(shown.movedBytes, expected.movedBytes, name, "bytes moved")
      expect(shown.conditions, expected.conditions, name, "conditions")
      expect(shown.ack, expected.ack, name, "acknowledgement")
    }
  }

  // MARK: Differences

  private func isExcused(_ difference: TargetDifference) -> Bool {
    difference.io.map { excusedIOs.contains(IO($0)) } ?? false
  }

  /// - Parameter isAbsence: true if a missed event can cause this difference.
  mutating func expect<Value: Equatable>(
    _ seen: Value, _ logged: Value, _ subject: TargetSubject, _ what: String,
    isAbsence: Bool = false
  ) {
    guard seen != logged else { return }
    differ(subject, "\(what): reported \(seen), the log says \(logged)", isAbsence: isAbsence)
  }

  mutating func expect<Value: Equatable>(_ seen: Value, _ logged: Value, _ what: String) {
    if seen != logged { differ("\(what): \(seen), and not \(logged)") }
  }

  mutating func expect(
    _ seen: UInt64, in logged: Span, _ subject: TargetSubject, _ what: String,
    isAbsence: Bool = false
  ) {
    guard !logged.contains(seen) else { return }
    differ(
      subject, "\(what): reported \(seen), the log says \(logged.start) to \(logged.end)",
      isAbsence: isAbsence)
  }

  mutating func differ(_ subject: TargetSubject, _ text: String, isAbsence: Bool = false) {
    allDifferences.append(
      TargetDifference(text: "\(subject.name): \(text)", io: subject.io, isAbsence: isAbsence))
  }

  /// Adds a difference that is not about a single I/O.
  mutating func differ(_ text: String) {
    allDifferences.append(TargetDifference(text: text, io: nil, isAbsence: false))
  }
}
