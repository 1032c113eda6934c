import UringTrace

/// Compares the groups that uringtop shows for a FUSE server (one for each FUSE request with lent
/// pages) with the requests in the server's truth.
struct FuseComparison: LentGroupComparison {
  let truth: ProgramTruth
  var differences: [String] = []

  /// - Parameter rings: The program's rings, in the order they were created.
  init(_ truth: ProgramTruth, _ snapshot: Snapshot, rings: [Ring]) {
    self.truth = truth
    let ids = Set(rings.map(\.id))
    let told = truth.fuseRequests ?? []
    let seen = snapshot.groups.filter { ids.contains($0.ring) && $0.provider == .fuse }
    for lent in told {
      let found = seen.filter { ProgramTruth.UserData($0.leader.userData) == lent.leader }
      guard found.count == 1, let request = request(lent.leader), request.ring < rings.count else {
        differ("FUSE request of \(lent.leader)", "is reported \(found.count) times")
        continue
      }
      compare(found[0], lent, ring: rings[request.ring].id)
    }
    let leaders = Set(told.map(\.leader))
    for group in seen where !leaders.contains(.init(group.leader.userData)) {
      differ("FUSE group \(group.id)", "missing from the program's truth")
    }
  }

  private mutating func compare(
    _ group: RequestGroup, _ told: ProgramTruth.FuseRequest, ring: Ring.ID
  ) {
    let name = "FUSE request of \(told.leader)"
    expect(group.ring, ring, name, "ring")
    expect(group.leader.hasResult ? group.leader.result : nil, 0, name, "result of the leader")
    expect(
      GroupProvider.fuse.commandName(group.leader.command) != nil, true, name,
      "a known command leads")
    compareBuffer(group.buffer, told, name)
    compareMembers(group, told.members, name)
    compareConditions(group, told.conditions, name)
    let isOver = told.members.allSatisfy { request($0)?.end != .inFlight }
    if isOver {
      compareEnd(group, told, name)
    } else {
      expect(group.state, .borrowed, name, "state")
      expect(group.acknowledgement, nil, name, "given back")
      if told.conditions.contains("answered_early") {
        expect(group.conditions.contains(.pinned), true, name, "is pinned")
      }
    }
  }

  private mutating func compareBuffer(
    _ buffer: GroupBuffer, _ told: ProgramTruth.FuseRequest, _ name: String
  ) {
    expect(buffer.index, told.slot, name, "slot")
    expect(buffer.isKernel, true, name, "memory of the kernel")
    expect(buffer.address, 0, name, "address")
    expect(buffer.length, told.length, name, "length of the buffer")
    expect(buffer.segments > 0, true, name, "has segments")
    expect("\(buffer.direction)", told.direction, name, "direction of the buffer")
    expect(buffer.release, "fuse_zero_copy_release", name, "release function")
    guard let request = buffer.fuse else {
      differ(name, "the FUSE request is not known")
      return
    }
    expect(request.queue, told.queue, name, "queue")
    expect(request.unique, told.unique.value, name, "id")
    expect(request.node, told.node, name, "node")
    expect(request.operationName, told.operation, name, "operation")
    expect(request.offset, told.offset, name, "offset in the file")
    expect(UInt64(request.length), told.length, name, "length in the file")
  }

  private mutating func compareEnd(
    _ group: RequestGroup, _ told: ProgramTruth.FuseRequest, _ name: String
  ) {
    expect(group.state, .givenBack, name, "state")
    guard let returned = group.acknowledgement else {
      differ(name, "it was not given back")
      return
    }
    expect(returned.callback, "fuse_zero_copy_release", name, "gave it back")
    expect(returned.isDerived, false, name, "the callback was inferred, not observed")
    expect(group.providedTime > 0, true, name, "it is known when it was lent")
    expect(
      returned.time >= max(group.membersDoneTime, group.withdrawnTime), true, name,
      "given back after its last use and its answer")
    let isEarly = told.conditions.contains("answered_early")
    expect(
      group.withdrawnTime < group.membersDoneTime, isEarly, name,
      "answered before its last member was done")
  }
}
