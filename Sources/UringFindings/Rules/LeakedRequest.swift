import UringTrace

extension FindingRule {
  static let leakedRequest = FindingRule(
    "leaked-request",
    .condition(lasting: 3_000_000_000, needs: .everyRequest),
    meaning: "The program has closed the file or the ring, but a request still holds it: neither "
      + "is freed.",
    cure: "Cancel what is in flight on a file (IORING_ASYNC_CANCEL_FD) and reap it before closing "
      + "the file; wait for uncancelable requests before closing the ring."
  ) { evidence in
    evidence.rings.flatMap { ring in
      ring.isClosed
        ? [leaked(with: ring, evidence)].compactMap { $0 }
        : [leaked(on: ring, evidence), evidence.abandoned(on: ring)].compactMap { $0 }
    }
  }

  /// Nanoseconds that the kernel may take to cancel the requests in flight.
  private static let patience: UInt64 = 1_000_000_000

  /// Finds requests that did not end when their ring was destroyed.
  private static func leaked(with ring: Ring, _ evidence: Evidence) -> Sighting? {
    let age = evidence.age(since: ring.closedTime)
    guard age >= patience, evidence.snapshot.lost.total == 0 else { return nil }
    let left = evidence.ended(on: ring.id, within: .history) {
      $0.state == .ended && $0.isEndDerived && $0.lastTime >= ring.closedTime
    }
    guard let last = left.last else { return nil }
    return Sighting(
      severity: .warn, rings: [ring.id], requests: left.map(\.id),
      summary: "the ring was destroyed \(Words.duration(age)) ago, and \(evidence.words(last))"
        + (left.count > 1 ? " and \(left.count - 1) more have" : " has") + " not ended",
      numbers: [.init("requests", left.count), .init("closed_ns_ago", age)])
  }

  /// Finds requests in flight whose descriptor was closed by a CLOSE on the same ring.
  private static func leaked(on ring: Ring, _ evidence: Evidence) -> Sighting? {
    var closed: [FileNames.DescriptorKey: UInt64] = [:]
    evidence.forEachEnded(on: ring.id, within: .history) { request in
      guard request.opcode == .close, request.isSQEKnown, request.sqe.file_index == 0,
        request.hasResult, request.result == 0
      else { return }
      let key = FileNames.DescriptorKey(tgid: request.submitterTgid, fd: request.sqe.fd)
      // Requests are newest first: keeps the last close of each descriptor.
      if closed[key] == nil { closed[key] = request.lastTime }
    }
    guard !closed.isEmpty else { return nil }
    let left = evidence.inFlight(on: ring.id).filter { request in
      guard case .descriptor(let fd)? = request.file, !request.isSuspect,
        let time = closed[FileNames.DescriptorKey(tgid: request.submitterTgid, fd: fd)]
      else { return false }
      return time > request.startTime && evidence.age(since: time) >= patience
    }
    guard let first = left.first else { return nil }
    return Sighting(
      severity: .warn, rings: [ring.id], requests: left.map(\.id),
      summary: "\(evidence.words(first)) is in flight, and its descriptor is closed"
        + (left.count > 1
          ? "; the same holds for \(Words.count(left.count - 1, "more request"))" : ""),
      numbers: [
        .init("requests", left.count), .init("age_ns", evidence.age(since: first.startTime)),
      ])
  }
}
