import UringTrace

/// Compares uringtop's view of a program with the program's truth (its own record of its requests),
/// request by request.
public struct TruthComparison {
  private let truth: ProgramTruth
  private let snapshot: Snapshot
  /// The program's rings in uringtop's view, in the order in which they were created.
  private var rings: [Ring] = []
  private var reported: [ProgramTruth.UserData: [Request]] = [:]
  private var chains: [Chain.ID: Chain] = [:]
  private var members: [Request.ID: Chain.Member] = [:]

  /// Differences, each with the program and the request; empty if there are none.
  public private(set) var differences: [String] = []

  /// - Parameter pid: the process id that uringtop sees, if it differs from the truth's.
  public init(_ truth: ProgramTruth, _ snapshot: Snapshot, pid: UInt32? = nil) {
    self.truth = truth
    self.snapshot = snapshot
    rings = snapshot.rings.filter { $0.ownerTgid == pid ?? truth.pid }.sorted { $0.id < $1.id }
    let ids = Set(rings.map(\.id))
    for request in snapshot.requests + snapshot.recent where ids.contains(request.ring) {
      reported[.init(request.userData), default: []].append(request)
    }
    for chain in snapshot.chains where ids.contains(chain.ring) {
      chains[chain.id] = chain
      for member in chain.members { members[member.request] = member }
    }
    compare()
  }

  /// The request with this `user_data`.
  public func request(_ userData: ProgramTruth.UserData) -> Request? { reported[userData]?.first }

  // MARK: Comparisons

  private mutating func compare() {
    expect(snapshot.lost.total, 0, "lost records")
    expect(snapshot.damagedRecordCount, 0, "damaged records")
    expect(rings.count, truth.rings.count, "rings")
    guard rings.count == truth.rings.count else { return }
    for (ring, told) in zip(rings, truth.rings) { compare(ring, told) }
    compareTotals()
    guard !truth.requests.isEmpty else { return }
    for told in truth.requests { compare(told) }
    for chain in toldChains() { compare(chain: chain) }
    compareGroups()
    differences += FuseComparison(truth, snapshot, rings: rings).differences.map {
      "\(truth.program): \($0)"
    }
    differences += LocalBufferComparison(truth, snapshot, rings: rings).differences.map {
      "\(truth.program): \($0)"
    }
    let known = Set(truth.requests.map(\.userData))
    for (userData, requests) in reported where !known.contains(userData) {
      differ("request \(userData) (\(requests[0].opcode.name))", "missing from the program's truth")
    }
    compareSpecials()
  }

  private mutating func compare(_ ring: Ring, _ told: ProgramTruth.Ring) {
    let name = "ring of fd \(told.fd)"
    expect(ring.sqEntries, told.sqEntries, name, "SQ entries")
    expect(ring.cqEntries, told.cqEntries, name, "CQ entries")
    // liburing sets further flags if the kernel supports them.
    for flag in told.setup where !ring.setupFlags.names.contains(flag) {
      differ(name, "setup flag \(flag) is missing")
    }
    if told.fd >= 0, !ring.descriptors.contains(where: { $0.fd == told.fd }) {
      differ(name, "its descriptors are \(ring.descriptors.map(\.fd))")
    }
  }

  private mutating func compareTotals() {
    func sum(_ count: (Ring.Counts) -> UInt64) -> UInt64 {
      rings.reduce(0) { $0 + count($1.counts) }
    }
    let ringExits = truth.requests.filter { $0.end == .ringExit }.count
    let unreaped = truth.requests.filter { $0.overflowed == true && $0.cqes == 0 }.count
    expect(sum(\.submitted), truth.submitted, "submitted")
    expect(sum(\.cqes), truth.cqes + UInt64(ringExits + unreaped + unreapedAtClose), "CQEs")
    expect(sum(\.overflows), truth.overflowed, "overflows")
    expect(sum(\.skipped), truth.skipped + truth.silent, "skipped")
    expect(sum(\.preparationFailures), truth.prepFailed, "preparation failures")
    expect(sum(\.auxiliary), truth.auxCqes, "auxiliary CQEs")
    expect(sum(\.unmatched), 0, "unmatched CQEs")
    expect(sum(\.ambiguous), 0, "ambiguous CQEs")
    expect(sum(\.dropped), 0, "dropped CQEs")
    expect(sum(\.endedUnseen), 0, "ends not seen")
    let inFlight = rings.reduce(0) { $0 + UInt64($1.inFlight) }
    expect(inFlight, isOver ? 0 : truth.inFlight - UInt64(unreaped), "in flight")
  }

  /// Number of requests whose CQE the program had not reaped when it closed their ring. The truth
  /// counts this CQE in the request's `cqes`, but not in the program's `cqes`.
  private var unreapedAtClose: Int {
    truth.requests.filter { $0.unreaped == true && $0.cqes > 0 }.count
  }

  private var isOver: Bool { truth.ready != true }

  private mutating func compare(_ told: ProgramTruth.Request) {
    let name = "request \(told.userData) (\(told.opcode))"
    let found = reported[told.userData] ?? []
    guard found.count == 1, let request = found.first else {
      differ(name, "is reported \(found.count) times")
      return
    }
    expect(
      request.opcode.name, Int(told.opcode) == nil ? told.opcode : "OP_\(told.opcode)", name,
      "opcode")
    expect(request.isStartKnown, true, name, "submission seen")
    expect(request.isSQEKnown, true, name, "SQE known")
    expect(request.sqe.fd, told.fd, name, "fd")
    expect(
      SQEFlags(rawValue: request.sqe.flags & 0x7f).names, told.flags.filter { $0 != "SQE_GROUP" },
      name, "SQE flags")
    if told.group != nil {
      expect(request.sqe.flags & 0x80 != 0, told.flags.contains("SQE_GROUP"), name, "SQE_GROUP")
    }
    expect(request.ring, rings[told.ring].id, name, "ring")
    expect(
      request.submitterTgid, told.submitter ?? rings[told.ring].ownerTgid, name, "submitter")
    compareEnd(of: request, told, name)
    let failed = told.prepFailed == true
    expect(request.preparationError, failed ? told.res ?? 0 : 0, name, "preparation error")
    expect(
      request.steps.contains { $0.kind == .submitted }, !failed || told.alsoSubmitted == true, name,
      "submission traced")
    let isShort = told.note == "short, traced"
    if truth.shortTraced != nil {
      expect(request.steps.contains { $0.kind == .shortWrite }, isShort, name, "short write")
      if isShort {
        expect(request.shortWriteBytes, UInt64(told.res ?? 0), name, "bytes of the short write")
      }
    }
  }

  private mutating func compareEnd(
    of request: Request, _ told: ProgramTruth.Request, _ name: String
  ) {
    var state = request.state
    var cqes = told.cqes + (told.notifs ?? 0)
    var result = told.res
    switch told.end {
    case _ where told.overflowed == true:
      expect(state, .overflowed, name, "end")
      cqes = max(cqes, 1)
    case .inFlight:
      if state.isFinal { differ(name, "has ended (\(state)), the program says it is in flight") }
      if told.cqes > 0 { state = .submitted }
    case .cqe: expect(state, .completed, name, "end")
    case .skipped, .silent: expect(state, .skipped, name, "end")
    case .ringExit:
      expect(state, .completed, name, "end")
      cqes += 1
      result = -125
    }
    expect(request.cqeCount, cqes, name, "CQEs")
    if let result {
      expect(request.hasResult ? request.result : nil, result, name, "result")
    } else if told.end == .inFlight {
      expect(request.hasResult, false, name, "has a result")
    }
    expect(
      UInt32(request.steps.filter(\.kind.isNotification).count), told.notifs ?? 0, name,
      "notifications")
    if let buffer = told.buffer {
      expect(CQEFlags(rawValue: request.cqeFlags).bufferID, buffer, name, "buffer")
    }
    if let results = told.results, results.count == told.cqes {
      expect(resultsOfAllCQEs(request), results, name, "results")
    }
  }

  /// Returns the results of all CQEs of a request. They are in the event log, because a request
  /// keeps only its last CQE.
  private func resultsOfAllCQEs(_ request: Request) -> [Int32] {
    snapshot.events.filter {
      $0.request == request.id && ($0.kind == .complete || $0.kind == .cqeOverflow)
        && !CQEFlags(rawValue: $0.flags).contains(.notification)
    }
    .map { Int32($0.value) }
  }

  // MARK: Chains

  /// Returns the chains of the program's truth, each as its requests in order. A request without
  /// links is a chain of one request.
  private func toldChains() -> [[ProgramTruth.Request]] {
    var chains: [[ProgramTruth.Request]] = []
    for told in truth.requests {
      // The members of an SQE group are between its leader and the chain's next request.
      if let previous = told.linkedBehind,
        let chain = chains.lastIndex(where: { $0.last?.userData == previous })
      {
        chains[chain].append(told)
      } else {
        chains.append([told])
      }
    }
    return chains
  }

  private mutating func compare(chain told: [ProgramTruth.Request]) {
    let name = "chain of \(told[0].userData)"
    guard let head = request(told[0].userData) else { return }
    guard told.count > 1 else {
      if let chain = chains[head.chain], chain.members.count > 1 {
        differ(name, "is none, but \(chain.members.count) are reported as such")
      }
      return
    }
    guard let chain = chains[head.chain] else {
      differ(name, "is not reported as a chain")
      return
    }
    expect(
      chain.members.map { ProgramTruth.UserData($0.userData) }, told.map(\.userData), name,
      "members")
    // The end of a ring cancels all members, regardless of the chain's state.
    guard !told.contains(where: { $0.end == .ringExit }) else { return }
    let cause = cause(of: told)
    let brokenBy = chain.members.first { $0.request == chain.brokenBy }
    expect(
      brokenBy.map { ProgramTruth.UserData($0.userData) }, cause.map { told[$0].userData }, name,
      "broken by")
    let cancelled = told.indices.filter { isCancelled(told, $0) && $0 != cause }
    expect(
      chain.members.filter(\.isCancelled).map { ProgramTruth.UserData($0.userData) },
      cancelled.map { told[$0].userData }, name, "cancelled")
  }

  /// True if the break of the chain cancelled the request; false for a link timeout that was no
  /// longer needed.
  private func isCancelled(_ chain: [ProgramTruth.Request], _ index: Int) -> Bool {
    let told = chain[index]
    if told.end == .silent { return true }
    guard told.end == .cqe, told.res == -125, told.prepFailed != true else { return false }
    guard told.opcode == "LINK_TIMEOUT", index > 0 else { return true }
    return isCancelled(chain, index - 1)
  }

  /// Returns the index of the request that broke the chain.
  private func cause(of chain: [ProgramTruth.Request]) -> Int? {
    if let refused = chain.firstIndex(where: { $0.prepFailed == true }) { return refused }
    if let expired = chain.firstIndex(where: { $0.opcode == "LINK_TIMEOUT" && $0.res == -62 }) {
      return expired
    }
    guard let first = chain.indices.first(where: { isCancelled(chain, $0) }) else { return nil }
    return max(0, first - 1)
  }

  // MARK: SQE groups

  private mutating func compareGroups() {
    let told = Dictionary(grouping: truth.requests.filter { $0.group != nil }, by: \.group!)
    let ids = Set(rings.map(\.id))
    let seen = snapshot.groups.filter { ids.contains($0.ring) && $0.provider == .sqeGroup }
    for (leader, requests) in told {
      let found = seen.filter { ProgramTruth.UserData($0.leader.userData) == leader }
      guard found.count == 1 else {
        differ("SQE group of \(leader)", "is reported \(found.count) times")
        continue
      }
      compare(found[0], requests)
    }
    for group in seen {
      let leader = ProgramTruth.UserData(group.leader.userData)
      if told[leader] == nil {
        differ("SQE group of \(leader)", "missing from the program's truth")
      }
    }
  }

  private mutating func compare(_ group: RequestGroup, _ told: [ProgramTruth.Request]) {
    let name = "SQE group of \(told[0].userData)"
    let members = told.dropFirst()
    expect(
      group.members.map { ProgramTruth.UserData($0.userData) }, members.map(\.userData), name,
      "members")
    if told[0].end != .skipped {
      expect(group.leader.hasResult ? group.leader.result : nil, told[0].res, name, "result")
    }
    expect(
      group.members.map { $0.hasResult ? $0.result : nil }, members.map(\.res), name,
      "results of members")
    expect(
      group.members.filter(\.isCancelled).map { ProgramTruth.UserData($0.userData) },
      members.filter { $0.res == -125 }.map(\.userData), name, "cancelled")
    let isOver = told.allSatisfy { $0.end != .inFlight }
    expect(group.state.isFinal, isOver, name, "is over")
    if told[0].end == .cqe, let last = group.members.map(\.endTime).max() {
      expect(group.leader.endTime >= last, true, name, "leader's CQE is the last")
    }
    let results = members.compactMap(\.res)
    expect(group.conditions.contains(.leaderFailed), told[0].res ?? 0 < 0, name, "leader failed")
    expect(
      group.conditions.contains(.membersCancelled), results.contains(-125), name,
      "members cancelled")
    expect(
      group.conditions.contains(.memberFailed), results.contains { $0 < 0 && $0 != -125 }, name,
      "a member failed")
    compareBuffer(of: group, told[0], name)
  }

  private mutating func compareBuffer(
    of group: RequestGroup, _ leader: ProgramTruth.Request, _ name: String
  ) {
    guard let buffer = truth.kernelBuffers?.first(where: { $0.leader == leader.userData }) else {
      expect(group.providedTime, 0, name, "a buffer provided at")
      expect(group.acknowledgement, nil, name, "a buffer given back")
      return
    }
    expect(group.buffer.isKernel, true, name, "memory of the kernel")
    expect(group.buffer.length, buffer.length, name, "length of the buffer")
    expect("\(group.buffer.direction)", buffer.direction, name, "direction of the buffer")
    if leader.end == .cqe {
      expect(
        group.acknowledgement?.callback, "ublk_io_buf_giveback_cb", name, "gave the buffer back")
    }
  }

  // MARK: Truths of single programs

  private mutating func compareSpecials() {
    func steps(_ kinds: Step.Kind...) -> Int {
      reported.values.joined().flatMap(\.steps).count { kinds.contains($0.kind) }
    }
    if let deferred = truth.deferred { expect(steps(.deferred), deferred, "deferred") }
    if let armed = truth.pollArmed { expect(steps(.pollArmed), armed, "poll-armed") }
    if let short = truth.shortTraced { expect(steps(.shortWrite), short, "short writes") }
    if let hashed = truth.hashedWrites {
      expect(steps(.queuedToWorkerHashed), hashed, "hashed work")
      let plain = (truth.asyncReads ?? 0) + (truth.asyncNops ?? 0) + (truth.forced ?? 0)
      expect(steps(.queuedToWorker), plain, "work that is not hashed")
    }
    // Only uringtop's periodic scan finds the ring's second descriptor, so the descriptors are
    // compared only while the program holds its state.
    if let fds = truth.ringFds, !isOver {
      expect(Set(rings[0].descriptors.map(\.fd)), Set(fds), "descriptors of the ring")
    }
    if let thread = truth.sqThread {
      expect(rings[0].sqThreadTid, thread, "SQ thread")
      for request in reported.values.joined() {
        expect(
          request.isSubmittedBySQThread, true, "request \(hex: request.userData)",
          "by the SQ thread")
      }
    }
  }

  // MARK: Differences

  private mutating func expect<Value: Equatable>(
    _ seen: Value, _ told: Value, _ subject: String, _ what: String
  ) {
    if seen != told { differ(subject, "\(what): reported \(seen), the program says \(told)") }
  }

  private mutating func expect<Value: Equatable>(
    _ seen: Value, _ told: Value, _ what: String
  ) {
    if seen != told {
      differences.append(
        "\(truth.program): \(what): reported \(seen), the program says \(told)")
    }
  }

  private mutating func differ(_ subject: String, _ text: String) {
    differences.append("\(truth.program): \(subject): \(text)")
  }
}

extension DefaultStringInterpolation {
  fileprivate mutating func appendInterpolation(hex value: UInt64) {
    appendInterpolation(ProgramTruth.UserData(value))
  }
}
