import UringTrace

/// A group that uringtop must show according to the target's log.
struct ExpectedGroup {
  var io: TargetIO
  /// True if ublk_drv registers the buffer itself (automatic buffer registration).
  var isAutomatic: Bool
  /// True if the driver's automatic registration was unused or did not happen.
  var isSpare = false
  /// Span of time in which the group can have begun.
  var begun: TargetComparison.Span
  /// The latest time at which the kernel can have given the buffer back to the driver.
  var end: UInt64
  /// The same limit for a group without members in io-wq workers. A worker can free a member, and
  /// so release the buffer, some time after the member's completion.
  var usualEnd: UInt64

  /// True if the leader provided a buffer, which the kernel must then give back.
  var isProvided: Bool {
    (isAutomatic || io.fault != "leader-fail") && (!isSpare || io.automatic)
  }
}

/// Comparison of uringtop's groups with the I/Os of the log, tag by tag.
extension TargetComparison {
  mutating func compareGroups() {
    var groups: [Tag: [RequestGroup]] = [:]
    for group in snapshot.groups.sorted(by: { ($0.startTime, $0.id) < ($1.startTime, $1.id) }) {
      guard let io = group.buffer.ublk, group.provider == .ublk || group.provider == .ublkAuto
      else {
        differ("group \(group.id) (\(group.provider.name)) does not belong to the target")
        continue
      }
      groups[Tag(queue: io.queue, tag: io.tag), default: []].append(group)
    }
    let tags = Set(logged.keys).union(groups.keys)
    for tag in tags.sorted(by: { ($0.queue, $0.tag) < ($1.queue, $1.tag) }) {
      compare(expected(logged[tag] ?? []), groups[tag] ?? [])
    }
  }

  /// Returns the groups that uringtop must show for a tag's I/Os, in the order of the I/Os.
  private func expected(_ ios: [TargetIO]) -> [ExpectedGroup] {
    let isAutomatic = account.demo.mode == "auto"
    guard isAutomatic || account.demo.mode == "zero-copy" else { return [] }
    var all: [ExpectedGroup] = []
    for (number, io) in ios.enumerated() where io.hasData {
      // The commit of the previous I/O lets the driver deliver this I/O and register its buffer.
      let before = number == 0 ? 0 : ios[number - 1].committedNs
      let after = number + 1 < ios.count ? ios[number + 1].fetchedNs : .max
      let refused = io.fault == "leader-fail"
      if isAutomatic {
        all.append(
          ExpectedGroup(
            io: io, isAutomatic: true, isSpare: refused || !io.automatic,
            begun: Span(start: before, end: io.fetchedNs), end: after, usualEnd: after))
      }
      if refused || !io.automatic {
        all.append(
          ExpectedGroup(
            io: io, isAutomatic: false, begun: Span(start: io.fetchedNs, end: io.committedNs),
            end: after, usualEnd: io.unregisteredNs ?? io.committedNs))
      }
    }
    return all
  }

  private mutating func compare(_ expected: [ExpectedGroup], _ groups: [RequestGroup]) {
    var rest = groups[...]
    var previous: TargetIO?
    for next in expected {
      while let group = rest.first, group.startTime < next.begun.start {
        tooMuch(rest.removeFirst(), after: previous)
      }
      previous = next.io
      guard let group = rest.first, next.begun.contains(group.startTime) else {
        differ(TargetSubject(next.io), "no group for this I/O", isAbsence: true)
        continue
      }
      rest.removeFirst()
      compare(next, group)
    }
    for group in rest { tooMuch(group, after: previous) }
  }

  private mutating func tooMuch(_ group: RequestGroup, after io: TargetIO?) {
    var subject = TargetSubject(
      "group \(group.id) (\(group.provider.name), queue \(group.buffer.ublk?.queue ?? 0), tag "
        + "\(group.buffer.ublk?.tag ?? 0), from \(group.startTime))")
    subject.io = io
    differ(subject, "the log has no such I/O")
  }

  private mutating func compare(_ expected: ExpectedGroup, _ group: RequestGroup) {
    let count = allDifferences.count
    let subject = TargetSubject(expected.io, group: group.id)
    expect(
      "\(group.provider.name)", expected.isAutomatic ? "ublk_auto" : "ublk", subject, "provider")
    expect(group.ring, rings[expected.io.queue] ?? 0, subject, "ring")
    expect(group.state, expected.isProvided ? .givenBack : .ended, subject, "state")
    compareLeader(expected, group, subject)
    compareBuffer(expected, group, subject)
    compareMembers(expected, group, subject)
    compareAcknowledgement(expected, group, subject)
    compareConditions(expected, group, subject)
    if allDifferences.count == count { groupCount += 1 }
  }

  private mutating func compareLeader(
    _ expected: ExpectedGroup, _ group: RequestGroup, _ subject: TargetSubject
  ) {
    let io = expected.io
    let leader = group.leader
    expect(leader.ring, group.ring, subject, "the leader's ring")
    expect(leader.opcode.name, "URING_CMD", subject, "the leader's opcode")
    expect(TargetUserData(leader.userData).tag, io.tag, subject, "tag in the leader's user_data")
    let result: Int32? = leader.hasResult ? leader.result : nil
    if expected.isAutomatic {
      // FETCH delivers the first I/O of a tag. COMMIT_AND_FETCH of the previous I/O delivers each
      // later one.
      let isFirst = logged[Tag(io)]?.first?.number == io.number
      expect(
        leader.command, (isFirst ? ServerCommand.fetch : .commitAndFetch).rawValue, subject,
        "the leader's command")
      expect(
        TargetUserData(leader.userData).kind, .fetch, subject, "kind in the leader's user_data")
      expect(result, 0, subject, "the leader's result", isAbsence: result == nil)
      expect(leader.endTime, in: expected.begun, subject, "end of the leader")
      return
    }
    expect(
      leader.command, ServerCommand.register.rawValue, subject, "the leader's command",
      isAbsence: true)
    expect(
      TargetUserData(leader.userData).kind, .register, subject, "kind in the leader's user_data")
    expect(leader.startTime, in: expected.begun, subject, "start of the leader")
    if io.fault == "leader-fail" {
      if result ?? 0 >= 0 {
        differ(subject, "the leader has not failed", isAbsence: result == nil)
      }
      expect(leader.endTime, in: expected.begun, subject, "end of the leader")
    } else {
      expect(result, 0, subject, "the leader's result", isAbsence: result == nil)
      expect(
        leader.endTime, in: Span(start: leader.startTime, end: io.registeredNs ?? 0), subject,
        "end of the leader")
    }
  }

  private mutating func compareBuffer(
    _ expected: ExpectedGroup, _ group: RequestGroup, _ subject: TargetSubject
  ) {
    let io = expected.io
    let buffer = group.buffer
    // A leader that must fail names a slot that does not exist.
    if expected.isAutomatic || io.fault != "leader-fail" {
      expect(buffer.index, UInt32(io.tag), subject, "slot")
      if let slot = io.slot { expect(buffer.index, slot, subject, "slot") }
      expect(buffer.length, UInt64(io.length), subject, "length of the buffer")
      expect(
        buffer.direction, io.op == "read" ? .destination : .source, subject,
        "direction of the buffer")
    }
    expect(buffer.isKernel, true, subject, "a kernel buffer")
    expect("/dev/" + (buffer.ublk?.device ?? ""), account.demo.device, subject, "device")
    expect(buffer.ublk?.operationName, io.op, subject, "operation")
    expect(buffer.ublk?.sector, io.sector, subject, "sector")
    expect(buffer.ublk?.length, io.length, subject, "length of the I/O")
  }

  private mutating func compareMembers(
    _ expected: ExpectedGroup, _ group: RequestGroup, _ subject: TargetSubject
  ) {
    let io = expected.io
    let members = expected.isSpare ? 0 : io.members
    expect(
      group.memberCount, members, subject, "members", isAbsence: group.memberCount < members)
    expect(group.doneCount, group.memberCount, subject, "members that are done", isAbsence: true)
    expect(group.movedBytes, expected.isSpare ? 0 : io.movedBytes, subject, "bytes moved")
    expect(UInt64(group.members.count), group.memberCount, subject, "members shown")
    let read = (io.op == "read") != (io.fault == "wrong-direction")
    for member in group.members {
      expect(member.opcode.name, read ? "READ_FIXED" : "WRITE_FIXED", subject, "a member's opcode")
      expect(TargetUserData(member.userData).kind, .member, subject, "kind in a member's user_data")
      expect(TargetUserData(member.userData).tag, io.tag, subject, "tag in a member's user_data")
      expect(member.tid, group.leader.tid, subject, "a member's thread")
      expect(
        member.startTime, in: Span(start: io.issuedNs ?? .max, end: io.completedNs ?? .max),
        subject,
        "start of a member")
      expect(
        member.endTime, in: Span(start: member.startTime, end: io.completedNs ?? .max), subject,
        "end of a member")
    }
    guard !expected.isSpare else { return }
    // Together the members must move the data that the log records as moved, without a gap or
    // overlap.
    var end: UInt64 = 0
    for member in group.members.sorted(by: { ($0.offset, $0.request) < ($1.offset, $1.request) })
    where member.movedBytes > 0 {
      expect(member.offset, end, subject, "where a member begins")
      expect(UInt64(max(0, member.result)), member.movedBytes, subject, "a member's result")
      if io.fault == nil, !member.isShort {
        expect(member.askedBytes, member.movedBytes, subject, "bytes that a member asked for")
      }
      end = member.offset + member.movedBytes
    }
    expect(end, io.movedBytes, subject, "where the last member ends")
  }

  private mutating func compareAcknowledgement(
    _ expected: ExpectedGroup, _ group: RequestGroup, _ subject: TargetSubject
  ) {
    let io = expected.io
    guard expected.isProvided else {
      if group.acknowledgement != nil {
        differ(subject, "a buffer that was never provided was given back")
      }
      return
    }
    guard let acknowledgement = group.acknowledgement else {
      differ(subject, "it was not given back", isAbsence: true)
      return
    }
    expect(acknowledgement.callback, "ublk_io_release", subject, "callback")
    expect(
      acknowledgement.isDerived, false, subject, "the callback was inferred, not observed",
      isAbsence: true)
    // An io-wq worker posts a member's completion before it frees the member, which releases the
    // buffer.
    let hadWorker = group.members.contains { workers.contains($0.request) }
    expect(
      acknowledgement.time,
      in: Span(start: io.committedNs, end: hadWorker ? expected.end : expected.usualEnd), subject,
      "time of the callback")
    if group.providedTime == 0 {
      differ(subject, "it is not known when it was provided", isAbsence: true)
    }
  }
}
