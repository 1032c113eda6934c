import UringTrace

/// Compares uringtop's groups of local buffers with the local buffers in the program's truth. A
/// program sets up a local buffer for a single submission (proposed IORING_OP_LOCAL_BUF).
struct LocalBufferComparison: LentGroupComparison {
  let truth: ProgramTruth
  var differences: [String] = []

  /// - Parameter rings: The program's rings, in the order they were created.
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
      differ("local buffer group \(group.id)", "missing from the program's truth")
    }
    compareOthers(snapshot, told, ids)
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
    compareMembers(group, told.members, name)
    compareConditions(group, told.conditions, name)
    if told.members.allSatisfy({ request($0)?.end != .inFlight }) {
      compareEnd(group, told, name)
    } else {
      expect(group.state, .borrowed, name, "state")
      expect(group.acknowledgement, nil, name, "given back")
    }
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
    expect(returned.isDerived, false, name, "the callback was inferred, not observed")
    expect(
      returned.time >= max(group.membersDoneTime, group.leader.endTime), true, name,
      "given back after the submission and its last use")
  }

  /// Checks that fixed-buffer requests of submissions without a local buffer are not members of a
  /// local buffer's group.
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
}
