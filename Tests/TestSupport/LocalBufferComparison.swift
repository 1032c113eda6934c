import UringTrace

/// Groups of local buffers beside what the program says that it set up and used.
struct LocalBufferComparison {
  private let truth: ProgramTruth
  private(set) var differences: [String] = []

  /// What comes of slow machines, and passes.
  private static let timely: Set<String> = ["pinned", "given_back_late", "held_after_done"]

  /// - Parameter rings: the program's, in the order they were created.
  init(_ truth: ProgramTruth, _ snapshot: Snapshot, rings: [Ring]) {
    self.truth = truth
    let ids = Set(rings.map(\.id))
    let told = truth.localBuffers ?? []
    let seen = snapshot.groups.filter { ids.contains($0.ring) && $0.provider == .localBuffer }
    for lent in told {
      let found = seen.filter { ProgramTruth.UserData($0.leader.userData) == lent.leader }
      guard found.count == 1 else {
        differ("local buffer of \(lent.leader)", "is reported \(found.count) times")
        continue
      }
      compare(found[0], lent)
    }
    let leaders = Set(told.map(\.leader))
    for group in seen where !leaders.contains(.init(group.leader.userData)) {
      differ("local buffer group \(group.id)", "the program has none such")
    }
    compareOthers(snapshot, told, ids)
  }

  private func request(_ userData: ProgramTruth.UserData) -> ProgramTruth.Request? {
    truth.requests.first { $0.userData == userData }
  }

  private mutating func compare(_ group: RequestGroup, _ told: ProgramTruth.LocalBuffer) {
    let name = "local buffer of \(told.leader)"
    expect(group.leader.hasResult ? group.leader.result : nil, 0, name, "result of the leader")
    expect(group.buffer.index, nil, name, "slot")
    expect(group.buffer.isKernel, false, name, "memory of the kernel")
    expect(.init(group.buffer.address), told.address, name, "address")
    expect(group.buffer.length, told.length, name, "length of the buffer")
    expect(.init(group.buffer.tag), told.tag, name, "tag")
    expect("\(group.buffer.direction)", "both", name, "direction of the buffer")
    expect(group.buffer.segments > 0, true, name, "has segments")
    compareMembers(group, told, name)
    let shown = Set(group.conditions.map { "\($0.name)" })
    expect(
      shown.subtracting(Self.timely).sorted(), told.conditions.sorted(), name, "conditions")
    if told.members.allSatisfy({ request($0)?.end != .inFlight }) {
      compareEnd(group, told, name)
    } else {
      expect(group.state, .borrowed, name, "state")
      expect(group.acknowledgement, nil, name, "given back")
    }
  }

  private mutating func compareMembers(
    _ group: RequestGroup, _ told: ProgramTruth.LocalBuffer, _ name: String
  ) {
    let members = told.members.compactMap(request)
    expect(
      group.members.map { ProgramTruth.UserData($0.userData) }, told.members, name, "members")
    expect(
      group.members.map { $0.hasResult ? $0.result : nil },
      members.map { $0.end == .inFlight ? nil : $0.res }, name, "results of members")
    expect(
      group.members.filter(\.isDone).allSatisfy(\.isConfirmed), true, name,
      "members were seen to use it")
    let moved = members.reduce(0) { $0 + UInt64(max(0, $1.res ?? 0)) }
    expect(group.movedBytes, moved, name, "bytes moved")
  }

  private mutating func compareEnd(
    _ group: RequestGroup, _ told: ProgramTruth.LocalBuffer, _ name: String
  ) {
    expect(group.state, .givenBack, name, "state")
    guard let returned = group.acknowledgement else {
      differ(name, "it was not given back")
      return
    }
    expect(returned.callback, "io_release_ubuf", name, "gave it back")
    expect(returned.isDerived, false, name, "the callback was concluded, not seen")
    expect(
      returned.time >= max(group.membersDoneTime, group.leader.endTime), true, name,
      "given back after the submission and its last use")
  }

  /// What names a slot of the ring's table outside such a submission is in no such group.
  private mutating func compareOthers(
    _ snapshot: Snapshot, _ told: [ProgramTruth.LocalBuffer], _ rings: Set<Ring.ID>
  ) {
    guard !told.isEmpty else { return }
    let members = Set(told.flatMap(\.members))
    let local = Set(snapshot.groups.filter { $0.provider == .localBuffer }.map(\.id))
    for request in snapshot.requests + snapshot.recent
    where rings.contains(request.ring) && request.opcode.name.hasSuffix("_FIXED") {
      let userData = ProgramTruth.UserData(request.userData)
      expect(
        local.contains(request.group), members.contains(userData), "request \(userData)",
        "uses a local buffer")
    }
  }

  // MARK: Differences

  private mutating func differ(_ name: String, _ text: String) {
    differences.append("\(name): \(text)")
  }

  private mutating func expect<T: Equatable>(
    _ reported: T, _ told: T, _ name: String, _ what: String
  ) {
    guard reported != told else { return }
    differ(name, "\(what): reported \(reported), the program says \(told)")
  }
}
