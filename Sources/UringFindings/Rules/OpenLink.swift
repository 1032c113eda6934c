import UringTrace

extension FindingRule {
  static let openLink = FindingRule(
    "open-link", .spanOfEveryRequest,
    meaning:
      "A chain cannot extend beyond its submission. IOSQE_IO_LINK in the last SQE of a submission links nothing: "
      + "the request runs alone, and the request that should follow it becomes the first of the next submission.",
    cure:
      "Reserve room for the whole chain (io_uring_sq_space_left) before its first SQE is queued, or leave the flag "
      + "out of the last one."
  ) { evidence in
    // If a record was lost, a chain whose link record is missing would look like an open link.
    guard evidence.isComplete else { return [] }
    let ends = Set(evidence.snapshot.chains.compactMap { $0.members.last?.request })
    return evidence.rings.compactMap { ring -> Sighting? in
      var open = evidence.inFlight(on: ring.id).filter {
        $0.isLinkOpen(ends, at: evidence.snapshot.time)
      }
      open += evidence.ended(on: ring.id) { $0.isLinkOpen(ends, at: evidence.snapshot.time) }
      open += evidence.inFlight(on: ring.id).filter { evidence.wasLinkOpen($0, ends) }
      guard let first = open.min(by: { $0.id < $1.id }) else { return nil }
      let next = first.isStartKnown ? evidence.submitted(after: first) : nil
      var text =
        evidence.words(first)
        + " has IOSQE_IO_LINK, and its submission ended with it: nothing is linked behind it"
      if let next, next.preparationError != 0 {
        text +=
          ". \(evidence.words(next)), the first of the next submission, failed with "
          + Words.error(next.preparationError)
      } else if next == nil, let timeout = evidence.reapedTimeout(on: ring) {
        text += ". " + timeout
      }
      if let cause = evidence.snapshot.cause(of: first) {
        text += ". The \(first.opcode.name) runs without a timeout, and waits for \(cause.text)"
      }
      return Sighting(
        severity: .warn, rings: [ring.id],
        requests: open.count == 1 ? [first.id] + (next.map { [$0.id] } ?? []) : open.map(\.id),
        requestCount: UInt64(open.count),
        summary: text
          + (open.count > 1 ? " (the first of \(Words.count(open.count, "such request")))" : ""),
        numbers: [.init("open_links", open.count)])
    }
  }
}

extension Request {
  /// True if the request's SQE has a link flag, but no SQE followed it in its submission.
  ///
  /// - Parameter ends: the last members of all chains.
  fileprivate func isLinkOpen(_ ends: Set<Request.ID>, at time: UInt64) -> Bool {
    let flags = SQEFlags(requestFlags: self.flags)
    guard self.isStartKnown, self.isSQEKnown, flags.contains(.link) || flags.contains(.hardlink),
      self.preparationError == 0, self.chain == 0 || ends.contains(self.id)
    else { return false }
    // If the request was cancelled, an SQE linked behind it failed in preparation: the link was not
    // open.
    if self.hasResult { return self.result != -ErrorNumber.canceled.rawValue }
    // If the request is recent, its submission may still be under way.
    return self.state != .linked && time.since(self.startTime) > 10_000_000
  }
}

extension Evidence {
  /// True if a request that was found in flight had an open link: a link flag in the last SQE of
  /// its submission. If a submission ends within a chain, the kernel hands the chain to a worker.
  ///
  /// Excludes requests that wait for a file system or disk, because they may have had a
  /// LINK_TIMEOUT. A LINK_TIMEOUT that has fired is unlinked from its request. If the worker cannot
  /// be interrupted, the request then looks like one with an open link.
  fileprivate func wasLinkOpen(_ request: Request, _ ends: Set<Request.ID>) -> Bool {
    let flags = SQEFlags(requestFlags: request.flags)
    guard !request.isStartKnown, request.place == .workerRunning,
      flags.contains(.link) || flags.contains(.hardlink),
      request.chain == 0 || ends.contains(request.id),
      let file = request.fileIdentity, !file.hasOffsets
    else { return false }
    return waits?.thread(request.workerTid)?.state != "D"
  }

  /// A sentence about a LINK_TIMEOUT that failed with EINVAL before the observation began.
  /// Preparation fails with this error if the LINK_TIMEOUT is linked behind no request. Its CQE and
  /// SQE are still in the ring's memory. Nil if there is none.
  fileprivate func reapedTimeout(on ring: Ring) -> String? {
    let timeout = ring.reaped.first {
      $0.result == -ErrorNumber.invalid.rawValue
        && $0.sqe.map { Opcode(rawValue: $0.opcode) } == .linkTimeout
    }
    return timeout.map {
      "LINK_TIMEOUT 0x\(String($0.userData, radix: 16)) failed with \(Words.error($0.result)), as a "
        + "LINK_TIMEOUT does that is the first of its submission (read from the ring's memory)"
    }
  }

  /// The next request that the same thread submitted to the ring.
  fileprivate func submitted(after request: Request) -> Request? {
    let (id, tid) = (request.id, request.submitterTid)
    var next = inFlight(on: request.ring).filter { $0.id > id && $0.submitterTid == tid }
    next += ended(on: request.ring, within: .history) { $0.id > id }
      .filter { $0.submitterTid == tid }
    return next.min { $0.id < $1.id }
  }
}
