import UringTrace

extension FindingRule {
  static let multishotEnded = FindingRule(
    "multishot-ended", .suspicion(lasting: 1_000_000_000, needs: .everyRequest),
    meaning:
      "A multishot request has ended (its last CQE had no IORING_CQE_F_MORE) and was not submitted "
      + "again: it will post no more CQEs for its file.",
    cure:
      "Test each CQE for IORING_CQE_F_MORE and submit the request again when the flag is not set."
  ) { evidence in
    guard evidence.isComplete else { return [] }
    return evidence.openRings.compactMap { ring in
      let ended = evidence.endedMultishots(on: ring)
      guard let first = ended.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: ended.reversed().map(\.id),
        summary: evidence.ending(of: first)
          + (ended.count > 1 ? "; and \(ended.count - 1) more" : ""),
        numbers: [
          .init("requests", ended.count), .init("cqes", first.cqeCount),
          .init("age_ns", evidence.age(since: first.lastTime)),
        ])
    }
  }
}

extension Evidence {
  /// Multishot requests, the latest first, that ended 1 s ago or more although their files can have
  /// more data or events, and whose files have had no submission since.
  func endedMultishots(on ring: Ring) -> [Request] {
    let candidates = ended(on: ring.id, within: .history) { request in
      request.endsEarly && request.isSQEKnown && request.mayBeMultishot
        && age(since: request.lastTime, on: ring) >= 1_000_000_000
    }
    guard !candidates.isEmpty else { return [] }
    // The time of the last submission for each file. A close of the file counts as a submission.
    var last: [FileUse: UInt64] = [:]
    func note(_ request: borrowing Request) {
      guard let use = FileUse(request) else { return }
      last[use] = max(last[use] ?? 0, request.startTime)
    }
    for request in inFlight(on: ring.id) { note(request) }
    forEachEnded(on: ring.id, within: .history) { note($0) }
    return candidates.filter { request in
      FileUse(request).map { (last[$0] ?? 0) <= request.startTime } ?? false
    }
  }

  /// The end of a multishot request in words: "POLL_ADD 0x1 on anon_inode:[eventfd] ended 3 s ago,
  /// with an overflow of the completion queue, after 5 CQEs".
  func ending(of request: Request) -> String {
    words(request) + " ended "
      + (request.result < 0 ? "with \(Words.error(request.result)) " : "")
      + "\(Words.duration(age(since: request.lastTime))) ago, "
      // A multishot request ends when it cannot post a CQE.
      + (request.state == .overflowed ? "with an overflow of the completion queue, " : "")
      + "after "
      + Words.count(request.cqeCount, "CQE")
  }
}

/// A file that requests of a process use, by descriptor or registered index, regardless of the
/// operation.
private struct FileUse: Hashable {
  var process: UInt32
  var file: FileReference

  /// The file that a request uses; nil if it uses none. A close counts as a use, because the
  /// program expects nothing more of the file after it.
  init?(_ request: borrowing Request) {
    process = request.submitterTgid
    if request.opcode == .close, request.isSQEKnown {
      file =
        request.sqe.file_index == 0
        ? .descriptor(request.sqe.fd) : .fixed(request.sqe.file_index - 1)
    } else if let file = request.file {
      self.file = file
    } else {
      return nil
    }
  }
}

extension Request {
  /// True if the request ended although its file can have more data or events. False if it ended
  /// with the stream or the connection, or was cancelled.
  fileprivate var endsEarly: Bool {
    // A multishot send (bundle) ends when its buffers are sent. This is not early.
    guard self.hasResult, !CQEFlags(rawValue: self.cqeFlags).contains(.more),
      self.opcode.direction != .write
    else { return false }
    return self.result > 0 || Self.passingErrors.contains(self.result)
      || self.opcode == .pollAdd && self.result >= 0
  }

  /// EAGAIN, ENOMEM, ENFILE, EMFILE, ENOBUFS: temporary errors, not errors of the file.
  private static let passingErrors: [Int32] = [-11, -12, -23, -24, -105]
}
