import UringTrace

extension FindingRule {
  static let multishotEnded = FindingRule(
    "multishot-ended", .suspicion(lasting: 1_000_000_000, needsEveryRequest: true),
    meaning:
      "A multishot request has ended, its last CQE was without IORING_CQE_F_MORE, and nobody "
      + "submitted it again: nothing will come of that file any more.",
    cure: "Test each CQE for IORING_CQE_F_MORE and submit the request again when it is not there."
  ) { evidence in
    guard evidence.isComplete else { return [] }
    return evidence.openRings.compactMap { ring in
      let candidates = evidence.ended(on: ring.id, within: .history) { request in
        request.endsEarly && request.isSQEKnown && request.mayBeMultishot
          && evidence.age(since: request.lastTime) >= 1_000_000_000
      }
      guard !candidates.isEmpty else { return nil }
      // The last submission for each file, or of a close of it.
      var last: [FileUse: UInt64] = [:]
      func note(_ request: borrowing Request) {
        guard let use = FileUse(request) else { return }
        last[use] = max(last[use] ?? 0, request.startTime)
      }
      for request in evidence.inFlight(on: ring.id) { note(request) }
      evidence.forEachEnded(on: ring.id, within: .history) { note($0) }
      let ended = candidates.filter { request in
        FileUse(request).map { (last[$0] ?? 0) <= request.startTime } ?? false
      }
      guard let first = ended.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: ended.reversed().map(\.id),
        summary: "\(evidence.words(first)) ended "
          + (first.result < 0 ? "with \(Words.error(first.result))" : "without an error")
          + " \(Words.duration(evidence.age(since: first.lastTime))) ago, after "
          + Words.count(first.cqeCount, "CQE")
          + (ended.count > 1 ? "; and \(ended.count - 1) more" : ""),
        numbers: [
          .init("requests", ended.count), .init("cqes", first.cqeCount),
          .init("age_ns", evidence.age(since: first.lastTime)),
        ])
    }
  }
}

/// A descriptor of a process, whatever is done with it.
private struct FileUse: Hashable {
  var process: UInt32
  var file: FileReference

  /// nil for requests without a file. A close is a use: after it nothing is to come.
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
  /// It ended though its file can have more: not at the end of a stream, by cancelling, or with the
  /// connection.
  fileprivate var endsEarly: Bool {
    guard hasResult, !CQEFlags(rawValue: cqeFlags).contains(.more) else { return false }
    return result > 0 || Self.passingErrors.contains(result) || opcode == .pollAdd && result >= 0
  }

  /// EAGAIN, ENOMEM, ENFILE, EMFILE, ENOBUFS: of the moment, not of the file.
  private static let passingErrors: [Int32] = [-11, -12, -23, -24, -105]
}
