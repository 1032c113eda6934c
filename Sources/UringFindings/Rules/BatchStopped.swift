import UringTrace

extension FindingRule {
  private static let patience: UInt64 = 1_000_000_000

  static let batchStopped = FindingRule(
    "batch-stopped",
    .condition(
      lasting: patience,
      on: { !$0.isClosed && $0.setupFlags.isDisjoint(with: [.sqPoll, .submitAll]) }),
    meaning:
      "Without IORING_SETUP_SUBMIT_ALL, io_uring_enter stops after an SQE that fails in preparation. The SQEs "
      + "behind it stay in the queue and are not submitted.",
    cure:
      "Compare the result of io_uring_submit with the number of SQEs queued and submit the rest, or create the ring "
      + "with IORING_SETUP_SUBMIT_ALL."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      let age = evidence.age(since: ring.sqPendingSince)
      guard ring.setupFlags.isDisjoint(with: [.sqPoll, .submitAll]), ring.sqPending > 0,
        age >= patience, let stop = evidence.stop(of: ring)
      else { return nil }
      var text = stop.words
      if let taken = ring.lastTaken?.count {
        text += ". The kernel took \(taken) of \(UInt64(taken) + UInt64(ring.sqPending)) SQEs"
      }
      let left = Words.unsubmitted(ring)
      text += "; \(Words.count(ring.sqPending, "SQE")) left for \(Words.duration(age))"
      if !left.isEmpty { text += ": " + left }
      return Sighting(
        severity: ring.waiter == nil ? .warn : .crit, rings: [ring.id],
        requests: stop.request.map { [$0] } ?? [], summary: text,
        numbers: [.init("sq_pending", ring.sqPending), .init("age_ns", age)])
    }
  }
}

extension Evidence {
  /// The reason, in words, why the kernel stopped taking SQEs of a ring, and the request after
  /// which it stopped, if that is known. Nil if there is no evidence that the kernel stopped.
  fileprivate func stop(of ring: Ring) -> (request: Request.ID?, words: String)? {
    if let last = lastSubmitted(to: ring) {
      guard last.preparationError != 0 else { return nil }
      return (
        last.id,
        "\(words(last)) failed in preparation with \(Words.error(last.preparationError)), and io_uring_enter stopped "
          + "after it (no SUBMIT_ALL)"
      )
    }
    // Nothing was submitted during the observation, so the ring's memory still contains the SQEs
    // that were submitted before it.
    guard ring.isFound, ring.counts.submitted == 0, let taken = ring.lastTaken,
      let result = taken.result, let error = ErrorNumber(result: result),
      Self.errorsOfPreparation.contains(error.rawValue)
    else { return nil }
    return (
      nil,
      "\(Opcode(rawValue: taken.sqe.opcode).name) 0x\(String(taken.sqe.user_data, radix: 16)), the last SQE that the "
        + "kernel took, ended with \(Words.error(result)): if it failed in preparation, io_uring_enter stopped after "
        + "it (no SUBMIT_ALL)"
    )
  }

  /// Errors with which preparation fails: E2BIG, ENOMEM, EACCES, EFAULT, EINVAL, EOVERFLOW,
  /// EOPNOTSUPP.
  private static let errorsOfPreparation: Set<Int32> = [7, 12, 13, 14, 22, 75, 95]

  /// The last request that was submitted to a ring during the observation.
  private func lastSubmitted(to ring: Ring) -> Request? {
    var last = inFlight(on: ring.id).filter(\.isSQEKnown).max { $0.id < $1.id }
    var newest = last?.id ?? 0
    forEachEnded(on: ring.id, within: .history) { request in
      if request.isSQEKnown, request.id > newest {
        newest = request.id
        last = request
      }
    }
    return last
  }
}
