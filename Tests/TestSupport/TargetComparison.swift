import UringTrace

/// Groups as uringtop shows them, one by one beside the log of the ublk target whose buffers they are.
///
/// Nothing may be missing, wrong or too much: every I/O with data is one group, and the requests on the
/// target's rings are those that the log has.
public struct TargetComparison {
  private let log: [TargetIO]
  private let account: TargetAccount
  private let snapshot: Snapshot
  /// The target's rings by queue.
  private var rings: [UInt16: Ring.ID] = [:]
  private var requests: [Place: Requests] = [:]
  private var logged: [Place: [TargetIO]] = [:]
  /// Requests that were with a worker thread.
  private var workers: Set<Request.ID> = []

  /// Each names the I/O; empty if all is the same. After an I/O that is missing or too much those of the
  /// same tag are still compared.
  public private(set) var differences: [String] = []
  /// Groups that were found to be as the log says.
  public private(set) var groupCount = 0
  /// I/Os with a fault that have its condition.
  public private(set) var faultCount = 0

  /// Queues of the target that were seen to have rings.
  public var queueCount: Int { rings.count }

  private struct Place: Hashable {
    var queue: UInt16
    var tag: UInt16
  }

  /// A tag's requests, each kind in order of submission.
  private struct Requests {
    var commits: [Request] = []
    var members: [Request] = []
  }

  /// From a time to another; empty if the log is wrong.
  private struct Span {
    var start: UInt64
    var end: UInt64

    func contains(_ time: UInt64) -> Bool { start <= time && time <= end }
  }

  /// A group that there must be.
  private struct Expected {
    var io: TargetIO
    /// Whether it is of the driver's own registration.
    var isAutomatic: Bool
    /// The driver's registration that was not used, or did not come about.
    var isSpare = false
    /// When it can have begun.
    var begun: Span
    /// The driver got the buffer back no later than this.
    var end: UInt64
    /// The same if no member was still being freed, elsewhere, after its completion.
    var usualEnd: UInt64
  }

  public init(log: [TargetIO], account: TargetAccount, snapshot: Snapshot) {
    self.log = log.sorted { $0.fetchedNs < $1.fetchedNs }
    self.account = account
    self.snapshot = snapshot
    collect()
    compareAccount()
    compareRequests()
    compareGroups()
    compareDocument()
    excuseMissedEvents()
  }

  /// An event that the kernel ran no program for (7.x, on a busy machine) is missing in the account of one I/O, and
  /// may make another wrong. It is counted; no more than these may differ.
  private mutating func excuseMissedEvents() {
    let subjects = Set(differences.map { $0.prefix { $0 != ":" } })
    guard !subjects.isEmpty, subjects.count <= snapshot.lost.notRun * 2 else { return }
    print("\(snapshot.lost.notRun) events were not run: \(differences)")
    differences = []
  }

  private mutating func collect() {
    for io in log { logged[Place(queue: io.queue, tag: io.tag), default: []].append(io) }
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
      expect(request.ring, ring, "queue \(payload.queue)", "its ring")
      guard command == .commitAndFetch else { continue }
      requests[Place(queue: payload.queue, tag: payload.tag), default: Requests()].commits
        .append(request)
    }
    let queues = Dictionary(rings.map { ($1, $0) }) { one, _ in one }
    for request in all where UserData(request).kind == .member {
      guard let queue = queues[request.ring] else { continue }
      requests[Place(queue: queue, tag: UserData(request).tag), default: Requests()].members
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
      differences.append("the log of queue \(queue) has gaps or repeats")
    }
  }

  // MARK: Requests

  private mutating func compareRequests() {
    let places = Set(logged.keys).union(requests.keys)
    for place in places.sorted(by: { ($0.queue, $0.tag) < ($1.queue, $1.tag) }) {
      let (ios, seen) = (logged[place] ?? [], requests[place] ?? Requests())
      expect(
        seen.commits.count, ios.count, "queue \(place.queue), tag \(place.tag)",
        "COMMIT_AND_FETCH commands")
      for (io, commit) in zip(ios, seen.commits) { compare(commit, io) }
      var members = seen.members[...]
      for io in ios {
        let own = members.prefix { $0.startTime <= io.committedNs }
        members = members.dropFirst(own.count)
        expect(UInt64(own.count), io.members, "\(io)", "requests that work on it")
        for member in own { compare(request: member, io) }
      }
      expect(
        members.count, 0, "queue \(place.queue), tag \(place.tag)", "requests after the last I/O")
    }
  }

  /// COMMIT_AND_FETCH tells the driver the result: struct ublksrv_io_cmd, from offset 48 of the SQE on.
  private mutating func compare(_ commit: Request, _ io: TargetIO) {
    let result = Int32(truncatingIfNeeded: commit.sqe.addr3 >> 32)
    expect(result, io.result, "\(io)", "result that was committed")
    let following = logged[Place(queue: io.queue, tag: io.tag)]?
      .first { $0.fetchedNs > io.fetchedNs }?.fetchedNs
    expect(
      commit.startTime, in: Span(start: io.committedNs, end: following ?? .max), "\(io)",
      "time of the commit")
    expect(UserData(commit).tag, io.tag, "\(io)", "tag in the commit's user_data")
  }

  private mutating func compare(request: Request, _ io: TargetIO) {
    let opcodes: [String]
    let isKernels = account.demo.mode == "zero-copy" || account.demo.mode == "auto"
    switch io.op {
    case "read": opcodes = [isKernels ? "READ_FIXED" : "READ"]
    case "write": opcodes = [isKernels ? "WRITE_FIXED" : "WRITE"]
    case "flush": opcodes = ["FSYNC"]
    default: opcodes = ["FALLOCATE"]
    }
    let turned = opcodes.map { TargetComparison.opposite($0) }
    let told = io.fault == "wrong-direction" ? turned : opcodes
    if !told.contains(request.opcode.name) {
      differ("\(io)", "a member is \(request.opcode.name), the log's is \(told[0])")
    }
    expect(
      request.startTime,
      in: Span(start: io.issuedNs ?? io.fetchedNs, end: io.completedNs ?? io.committedNs),
      "\(io)", "start of a member")
    expect(
      request.lastTime, in: Span(start: request.startTime, end: io.completedNs ?? io.committedNs),
      "\(io)",
      "end of a member")
    if io.fault == nil, !request.hasResult || request.result < 0 {
      differ("\(io)", "a member has failed (\(request.result)), in the log none has")
    }
  }

  private static func opposite(_ opcode: String) -> String {
    opcode.hasPrefix("READ")
      ? "WRITE" + opcode.dropFirst(4) : "READ" + opcode.dropFirst(5)
  }

  // MARK: Groups

  private mutating func compareGroups() {
    var groups: [Place: [RequestGroup]] = [:]
    for group in snapshot.groups.sorted(by: { ($0.startTime, $0.id) < ($1.startTime, $1.id) }) {
      guard let io = group.buffer.ublk, group.provider == .ublk || group.provider == .ublkAuto
      else {
        differences.append("group \(group.id) (\(group.provider.name)) is none of the target")
        continue
      }
      groups[Place(queue: io.queue, tag: io.tag), default: []].append(group)
    }
    let places = Set(logged.keys).union(groups.keys)
    for place in places.sorted(by: { ($0.queue, $0.tag) < ($1.queue, $1.tag) }) {
      compare(expected(logged[place] ?? []), groups[place] ?? [])
    }
  }

  /// The groups of a tag's I/Os, in order.
  private func expected(_ ios: [TargetIO]) -> [Expected] {
    let isAutomatic = account.demo.mode == "auto"
    guard isAutomatic || account.demo.mode == "zero-copy" else { return [] }
    var all: [Expected] = []
    for (number, io) in ios.enumerated() where io.hasData {
      // A commit begins the delivery of the next I/O, which gets its buffer then.
      let before = number == 0 ? 0 : ios[number - 1].committedNs
      let after = number + 1 < ios.count ? ios[number + 1].fetchedNs : .max
      let refused = io.fault == "leader-fail"
      if isAutomatic {
        all.append(
          Expected(
            io: io, isAutomatic: true, isSpare: refused || !io.automatic,
            begun: Span(start: before, end: io.fetchedNs), end: after, usualEnd: after))
      }
      if refused || !io.automatic {
        all.append(
          Expected(
            io: io, isAutomatic: false, begun: Span(start: io.fetchedNs, end: io.committedNs),
            end: after, usualEnd: io.unregisteredNs ?? io.committedNs))
      }
    }
    return all
  }

  private mutating func compare(_ expected: [Expected], _ groups: [RequestGroup]) {
    var rest = groups[...]
    for told in expected {
      // Any that came before it is too much.
      while let group = rest.first, group.startTime < told.begun.start {
        tooMuch(rest.removeFirst(), group)
      }
      guard let group = rest.first, told.begun.contains(group.startTime) else {
        differ("\(told.io)", "there is no group of it")
        continue
      }
      rest.removeFirst()
      compare(told, group)
    }
    for group in rest { tooMuch(group, group) }
  }

  private mutating func tooMuch(_ group: RequestGroup, _ shown: RequestGroup) {
    differences.append(
      "group \(shown.id) (\(shown.provider.name), queue \(shown.buffer.ublk?.queue ?? 0), tag "
        + "\(shown.buffer.ublk?.tag ?? 0), from \(shown.startTime)): the log has no such I/O")
  }

  private mutating func compare(_ told: Expected, _ group: RequestGroup) {
    let count = differences.count
    let name = "\(told.io), group \(group.id)"
    expect(
      "\(group.provider.name)", told.isAutomatic ? "ublk_auto" : "ublk", name, "provider")
    expect(group.ring, rings[told.io.queue] ?? 0, name, "ring")
    expect(group.state, .givenBack, name, "state")
    compareLeader(told, group, name)
    compareBuffer(told, group, name)
    compareMembers(told, group, name)
    compareAcknowledgement(told, group, name)
    compareConditions(told, group, name)
    if differences.count == count { groupCount += 1 }
  }

  private mutating func compareLeader(_ told: Expected, _ group: RequestGroup, _ name: String) {
    let io = told.io
    let leader = group.leader
    expect(leader.ring, group.ring, name, "the leader's ring")
    expect(leader.opcode.name, "URING_CMD", name, "the leader's opcode")
    expect(UserData(leader.userData).tag, io.tag, name, "tag in the leader's user_data")
    let result: Int32? = leader.hasResult ? leader.result : nil
    if told.isAutomatic {
      // The first I/O of a tag comes with FETCH, the others with the commit of the one before.
      let isFirst = logged[Place(queue: io.queue, tag: io.tag)]?.first?.number == io.number
      expect(
        leader.command, (isFirst ? ServerCommand.fetch : .commitAndFetch).rawValue, name,
        "the leader's command")
      expect(UserData(leader.userData).kind, .fetch, name, "kind in the leader's user_data")
      expect(result, 0, name, "the leader's result")
      expect(leader.endTime, in: told.begun, name, "end of the leader")
      return
    }
    expect(leader.command, ServerCommand.register.rawValue, name, "the leader's command")
    expect(UserData(leader.userData).kind, .register, name, "kind in the leader's user_data")
    expect(leader.startTime, in: told.begun, name, "start of the leader")
    if io.fault == "leader-fail" {
      if result ?? 0 >= 0 { differ(name, "the leader has not failed") }
      expect(leader.endTime, in: told.begun, name, "end of the leader")
    } else {
      expect(result, 0, name, "the leader's result")
      expect(
        leader.endTime, in: Span(start: leader.startTime, end: io.registeredNs ?? 0), name,
        "end of the leader")
    }
  }

  private mutating func compareBuffer(_ told: Expected, _ group: RequestGroup, _ name: String) {
    let io = told.io
    let buffer = group.buffer
    // A leader that shall fail names a slot that there is not.
    if told.isAutomatic || io.fault != "leader-fail" {
      expect(buffer.index, UInt32(io.tag), name, "slot")
      if let slot = io.slot { expect(buffer.index, slot, name, "slot") }
      expect(buffer.length, UInt64(io.length), name, "length of the buffer")
      expect(
        buffer.direction, io.op == "read" ? .destination : .source, name,
        "direction of the buffer")
    }
    expect(buffer.isKernel, true, name, "a kernel buffer")
    expect("/dev/" + (buffer.ublk?.device ?? ""), account.demo.device, name, "device")
    expect(buffer.ublk?.operationName, io.op, name, "operation")
    expect(buffer.ublk?.sector, io.sector, name, "sector")
    expect(buffer.ublk?.length, io.length, name, "length of the I/O")
  }

  private mutating func compareMembers(_ told: Expected, _ group: RequestGroup, _ name: String) {
    let io = told.io
    expect(group.memberCount, told.isSpare ? 0 : io.members, name, "members")
    expect(group.doneCount, group.memberCount, name, "members that are done")
    expect(group.movedBytes, told.isSpare ? 0 : io.movedBytes, name, "bytes moved")
    expect(UInt64(group.members.count), group.memberCount, name, "members shown")
    let read = (io.op == "read") != (io.fault == "wrong-direction")
    for member in group.members {
      expect(member.opcode.name, read ? "READ_FIXED" : "WRITE_FIXED", name, "a member's opcode")
      expect(UserData(member.userData).kind, .member, name, "kind in a member's user_data")
      expect(UserData(member.userData).tag, io.tag, name, "tag in a member's user_data")
      expect(member.tid, group.leader.tid, name, "a member's thread")
      expect(
        member.startTime, in: Span(start: io.issuedNs ?? .max, end: io.completedNs ?? .max), name,
        "start of a member")
      expect(
        member.endTime, in: Span(start: member.startTime, end: io.completedNs ?? .max), name,
        "end of a member")
    }
    guard !told.isSpare else { return }
    // Together they move all that the log says was moved, without gap or overlap.
    var end: UInt64 = 0
    for member in group.members.sorted(by: { ($0.offset, $0.request) < ($1.offset, $1.request) })
    where member.movedBytes > 0 {
      expect(member.offset, end, name, "where a member begins")
      expect(UInt64(max(0, member.result)), member.movedBytes, name, "a member's result")
      if io.fault == nil, !member.isShort {
        expect(member.askedBytes, member.movedBytes, name, "bytes that a member asked for")
      }
      end = member.offset + member.movedBytes
    }
    expect(end, io.movedBytes, name, "where the last member ends")
  }

  private mutating func compareAcknowledgement(
    _ told: Expected, _ group: RequestGroup, _ name: String
  ) {
    let io = told.io
    let neverWas = !told.isAutomatic && io.fault == "leader-fail" || told.isSpare && !io.automatic
    guard !neverWas else {
      if group.acknowledgement != nil { differ(name, "what never was provided was given back") }
      return
    }
    guard let acknowledgement = group.acknowledgement else {
      differ(name, "it was not given back")
      return
    }
    expect(acknowledgement.callback, "ublk_io_release", name, "callback")
    expect(acknowledgement.isDerived, false, name, "the callback was concluded, not seen")
    // A worker posts a completion before it lets go of the request, and with it of the buffer.
    let hadWorker = group.members.contains { workers.contains($0.request) }
    expect(
      acknowledgement.time,
      in: Span(start: io.committedNs, end: hadWorker ? told.end : told.usualEnd), name,
      "time of the callback")
    if group.providedTime == 0 { differ(name, "it is not known when it was provided") }
  }

  // MARK: Conditions

  /// The aggregator's patience.
  private static let long: UInt64 = 100_000_000

  private mutating func compareConditions(
    _ told: Expected, _ group: RequestGroup, _ name: String
  ) {
    let io = told.io
    var required: Set<String> = []
    switch io.fault {
    case _ where told.isSpare: required = [io.automatic ? "unused" : "not_registered"]
    case "short-read": required = ["short_member", "partly_filled"]
    case "no-ack": required = ["held_after_done"]
    case "slow-member": required = ["given_back_late"]
    case "leader-fail": required = ["leader_failed", "members_cancelled"]
    case "member-fail": required = ["member_failed", "partly_filled"]
    case "wrong-direction": required = ["wrong_direction", "member_failed", "partly_filled"]
    default: break
    }
    var allowed = required
    if !told.isSpare, io.fault != "leader-fail", let done = io.completedNs {
      // The log has when it was seen from outside: the buffer was held for longer than from here to
      // there, and for less than from there to here.
      let provided = io.registeredNs ?? io.fetchedNs
      if io.committedNs >= done + Self.long {
        required.insert("held_after_done")
      }
      // Its members were done at some time between their start and when it was seen.
      if done >= provided + Self.long { allowed.insert("given_back_late") }
      if let issued = io.issuedNs, issued >= provided + Self.long {
        required.insert("given_back_late")
      }
      allowed.formUnion(required)
      let begun = told.isAutomatic ? group.providedTime : io.fetchedNs
      let end = group.acknowledgement?.time ?? io.committedNs
      if end >= begun + Self.long {
        allowed.insert("given_back_late")
        if end >= (io.issuedNs ?? end) + Self.long { allowed.insert("held_after_done") }
      }
    }
    let shown = Set(group.conditions.map { "\($0.name)" })
    if !shown.isSuperset(of: required) || !shown.isSubset(of: allowed) {
      differ(name, "conditions: reported \(shown.sorted()), the log says \(required.sorted())")
    } else if io.fault != nil, !told.isSpare {
      faultCount += 1
    }
  }

  // MARK: The document

  /// What was printed while it ran says the same as the recording does.
  private mutating func compareDocument() {
    let groups = Dictionary(snapshot.groups.map { ($0.id, $0) }) { one, _ in one }
    expect(account.groups.count, min(groups.count, 10_000), "groups in the document")
    for shown in account.groups {
      let name = "group \(shown.id) of the document"
      guard let group = groups[shown.id] else {
        differ(name, "is not in the recording")
        continue
      }
      expect(shown.provider, "\(group.provider.name)", name, "provider")
      expect(shown.memberCount, group.memberCount, name, "members")
      expect(shown.movedBytes, group.movedBytes, name, "bytes moved")
      expect(shown.conditions, group.conditions.map { "\($0.name)" }, name, "conditions")
      let acknowledgement = group.acknowledgement.map {
        TargetAccount.Acknowledgement(
          callback: $0.callback, timeNs: $0.time, derived: $0.isDerived)
      }
      expect(shown.ack, acknowledgement, name, "acknowledgement")
    }
  }

  // MARK: Differences

  private mutating func expect<Value: Equatable>(
    _ seen: Value, _ told: Value, _ subject: String, _ what: String
  ) {
    if seen != told { differ(subject, "\(what): reported \(seen), the log says \(told)") }
  }

  private mutating func expect<Value: Equatable>(_ seen: Value, _ told: Value, _ what: String) {
    if seen != told { differences.append("\(what): \(seen), and not \(told)") }
  }

  private mutating func expect(
    _ seen: UInt64, in told: Span, _ subject: String, _ what: String
  ) {
    if !told.contains(seen) {
      differ(
        subject, "\(what): reported \(seen), the log says \(told.start) to \(told.end)")
    }
  }

  private mutating func differ(_ subject: String, _ text: String) {
    differences.append("\(subject): \(text)")
  }
}

/// Commands of the server, include/uapi/linux/ublk_cmd.h.
private enum ServerCommand: UInt32 {
  case fetch = 0xc010_7520
  case commitAndFetch = 0xc010_7521
  case register = 0xc010_7523

  var isFetch: Bool { self != .register }

  static func of(_ request: Request) -> (ServerCommand, payload: (queue: UInt16, tag: UInt16))? {
    guard request.opcode.name == "URING_CMD", request.isSQEKnown,
      let command = ServerCommand(rawValue: UInt32(truncatingIfNeeded: request.sqe.off))
    else { return nil }
    let payload = request.sqe.addr3
    return (
      command, (UInt16(truncatingIfNeeded: payload), UInt16(truncatingIfNeeded: payload >> 16))
    )
  }
}

/// How the target names its requests: `QueueServer.userData(_:_:member:)`.
private struct UserData {
  enum Kind: UInt8 {
    case fetch = 1
    case register, copyIn, member, copyOut, unregister
  }

  var kind: Kind?
  var tag: UInt16

  init(_ value: UInt64) {
    kind = Kind(rawValue: UInt8(value >> 56))
    tag = UInt16(truncatingIfNeeded: value)
  }

  init(_ request: Request) { self.init(request.userData) }
}
