import UringTrace

/// Comparison of the requests that serve a tag's I/Os: the COMMIT_AND_FETCH commands, and the
/// requests that read or write the data.
extension TargetComparison {
  mutating func compareRequests() {
    let tags = Set(logged.keys).union(requests.keys)
    for tag in tags.sorted(by: { ($0.queue, $0.tag) < ($1.queue, $1.tag) }) {
      let (ios, seen) = (logged[tag] ?? [], requests[tag] ?? Requests())
      // Requests and I/Os are matched by time, so that a missing or extra request does not shift
      // the matches of later requests.
      var commits = seen.commits[...]
      var members = seen.members[...]
      if let first = ios.first {
        let early = commits.prefix { $0.startTime < first.committedNs }
        commits = commits.dropFirst(early.count)
        expect(early.count, 0, TargetSubject(first), "commits before its own")
      }
      for (index, io) in ios.enumerated() {
        let end = index + 1 < ios.count ? ios[index + 1].committedNs : UInt64.max
        let own = commits.prefix { $0.startTime < end }
        commits = commits.dropFirst(own.count)
        expect(
          own.count, 1, TargetSubject(io), "COMMIT_AND_FETCH commands", isAbsence: own.isEmpty)
        for commit in own { compare(commit, io) }

        let users = members.prefix { $0.startTime <= io.committedNs }
        members = members.dropFirst(users.count)
        expect(
          UInt64(users.count), io.members, TargetSubject(io), "requests that work on it",
          isAbsence: users.count < io.members)
        for member in users { compare(request: member, io) }
      }
      expect(commits.count, 0, TargetSubject(tag.name), "commits without an I/O")
      expect(members.count, 0, TargetSubject(tag.name), "requests after the last I/O")
    }
  }

  /// Compares a COMMIT_AND_FETCH with its I/O. The command contains the I/O's result for the
  /// driver, in the struct ublksrv_io_cmd at offset 48 of the SQE.
  private mutating func compare(_ commit: Request, _ io: TargetIO) {
    let subject = TargetSubject(io)
    let result = Int32(truncatingIfNeeded: commit.sqe.addr3 >> 32)
    expect(result, io.result, subject, "result that was committed")
    let following = logged[Tag(io)]?.first { $0.fetchedNs > io.fetchedNs }?.fetchedNs
    expect(
      commit.startTime, in: Span(start: io.committedNs, end: following ?? .max), subject,
      "time of the commit")
    expect(TargetUserData(commit).tag, io.tag, subject, "tag in the commit's user_data")
  }

  private mutating func compare(request: Request, _ io: TargetIO) {
    let subject = TargetSubject(io)
    let opcode: String
    let isKernels = account.demo.mode == "zero-copy" || account.demo.mode == "auto"
    switch io.op {
    case "read": opcode = isKernels ? "READ_FIXED" : "READ"
    case "write": opcode = isKernels ? "WRITE_FIXED" : "WRITE"
    case "flush": opcode = "FSYNC"
    default: opcode = "FALLOCATE"
    }
    expect(
      request.opcode.name, io.fault == "wrong-direction" ? Self.opposite(opcode) : opcode, subject,
      "opcode of a member")
    // If uringtop missed a request's submission, `startTime` is the time of the first event that
    // names the request.
    let isCut = !request.isStartKnown
    expect(
      request.startTime,
      in: Span(start: io.issuedNs ?? io.fetchedNs, end: io.completedNs ?? io.committedNs), subject,
      "start of a member", isAbsence: isCut)
    expect(
      request.lastTime, in: Span(start: request.startTime, end: io.completedNs ?? io.committedNs),
      subject, "end of a member", isAbsence: !request.hasResult)
    if isCut { differ(subject, "a member's submission was not seen", isAbsence: true) }
    if !request.hasResult {
      differ(subject, "a member has no result", isAbsence: true)
    } else if io.fault == nil, request.result < 0 {
      differ(subject, "a member has failed (\(request.result)), in the log none has")
    }
  }

  private static func opposite(_ opcode: String) -> String {
    opcode.hasPrefix("READ")
      ? "WRITE" + opcode.dropFirst(4) : "READ" + opcode.dropFirst(5)
  }
}
