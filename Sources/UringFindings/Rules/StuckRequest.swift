import UringTrace

extension FindingRule {
  static let stuckRequest = FindingRule(
    "stuck-request", .condition(),
    meaning:
      "Requests have been in flight many times longer than any completed request of the same opcode on "
      + "this ring.",
    cure: "See in the request's detail which file, worker or device has it; cancel it with "
      + "IORING_OP_ASYNC_CANCEL or guard it with a LINK_TIMEOUT."
  ) { evidence in
    var sightings: [Sighting] = []
    for ring in evidence.openRings {
      let stuck = evidence.inFlight(on: ring.id).grouped { request -> StuckKind? in
        guard let history = request.historyExceeded(evidence) else { return nil }
        // The program does not control whether a peer sends.
        let waitsForPeer = request.state == .pollArmed
        return StuckKind(
          opcode: request.opcode, waitsForPeer: waitsForPeer, usual: history.max,
          count: history.count)
      }
      for (kind, requests) in stuck {
        let oldest = requests[0]
        let age = evidence.age(since: oldest.startTime)
        sightings.append(
          Sighting(
            severity: kind.waitsForPeer ? .info : .warn, rings: [ring.id],
            requests: requests.map(\.id),
            summary: "\(evidence.words(oldest)) has been in flight for "
              + "\(oldest.boundOfAge)\(Words.duration(age)); "
              + "\(kind.count) completed \(kind.opcode.name) requests took at most "
              + "\(Words.duration(kind.usual))"
              + (requests.count > 1 ? "; and \(requests.count - 1) more" : ""),
            numbers: [
              .init("age_ns", age), .init("longest_before_ns", kind.usual),
              .init("completed_before", kind.count), .init("stuck", requests.count),
            ]))
      }
    }
    return sightings
  }
}

/// The key of requests that are reported together.
private struct StuckKind: Hashable {
  var opcode: Opcode
  var waitsForPeer: Bool
  var usual: UInt64
  var count: UInt64
}

extension Request {
  /// Minimum age of a stuck request, in nanoseconds. It is short if the kernel's own lists prove
  /// that the request waits for its file or device. Otherwise it is longer: on a busy machine the
  /// submitter, a worker or the task that runs task work can lack a processor for seconds.
  private var patience: UInt64 {
    switch self.place {
    case .poll, .block, .iopoll: 250_000_000
    default: 3_000_000_000
    }
  }

  /// The latencies of completed requests with the same opcode, if this request is more than ten
  /// times as old as the slowest of them; otherwise nil.
  fileprivate func historyExceeded(_ evidence: Evidence) -> LatencySummary? {
    // A multishot request waits as long as its source is silent, but one that sends does not.
    guard self.isUserDataKnown, !isSuspect, !mayBeMultishot || self.opcode.direction == .write,
      !self.opcode.waitsByNature,
      [.submitted, .issued, .pollArmed, .worker, .taskWork].contains(self.state),
      let history = evidence.latency(self.opcode, on: self.ring), history.count >= 100
    else { return nil }
    let limit = max(history.max.multipliedReportingOverflow(by: 10).partialValue, patience)
    return evidence.age(since: self.startTime) > limit ? history : nil
  }
}
