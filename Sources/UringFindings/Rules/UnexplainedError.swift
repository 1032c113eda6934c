import UringBase
import UringTrace

extension FindingRule {
  static let unexplainedError = FindingRule(
    "unexplained-error", .spanOfEveryRequest,
    meaning: "Requests failed with an error, and nothing that was observed explains it.",
    cure: "Look at what the submitting thread and the file do."
  ) { evidence in
    // If some requests were not recorded, one of them may have cancelled the others.
    guard evidence.isComplete else { return [] }
    return evidence.rings.flatMap { ring in
      [cancelled(on: ring, evidence), refusedToWait(on: ring, evidence)].compactMap { $0 }
    }
  }

  private static func cancelled(on ring: Ring, _ evidence: Evidence) -> Sighting? {
    guard !ring.isClosed else { return nil }
    let found = evidence.ended(on: ring.id) { request in
      // A ring that is being closed cancels all its requests. This is not the cause if the ring
      // stayed open for at least a second after the request ended.
      evidence.age(since: request.lastTime, on: ring) >= 1_000_000_000
        && request.hasResult && request.result == -ErrorNumber.canceled.rawValue
        && request.isStartKnown
        && request.chain == 0 && request.group == 0 && request.opcode != .linkTimeout
        && !request.opcode.isDriverCommand
    }
    guard let oldest = found.last else { return nil }
    let cancels = evidence.ended(on: ring.id, within: .history) { $0.opcode.cancels }
    guard cancels.isEmpty, ring.lastSyncCancelTime == 0,
      !evidence.inFlight(on: ring.id).contains(where: { $0.opcode.cancels }),
      evidence.history(of: ring, reaches: oldest.startTime)
    else { return nil }
    let thread = Words.thread(oldest.submitterTid, in: evidence.snapshot)
    return Sighting(
      severity: .warn, rings: [ring.id], requests: found.reversed().map(\.id),
      summary: "\(evidence.words(oldest)) ended with ECANCELED"
        + (found.count > 1 ? ", and \(Words.count(found.count - 1, "more request"))" : "")
        + evidence.reach(on: ring)
        + ": no cancel, link or timeout ended it. Thread \(thread) had submitted it",
      numbers: [.init("cancelled", found.count)],
      meaning: "The kernel cancels what a thread has in flight when the thread exits.",
      cure:
        "If the thread has exited: submit from a thread that lives at least as long as its requests."
    )
  }

  private static func refusedToWait(on ring: Ring, _ evidence: Evidence) -> Sighting? {
    let errors =
      evidence.errnos(of: ring).first { $0.errno == ErrorNumber.again.rawValue }?.count ?? 0
    let completed = evidence.counts(of: ring).completed
    // A program that only tests whether operations would block has fewer failures than successes.
    guard errors >= 50, errors * 2 >= completed else { return nil }
    let found = evidence.ended(on: ring.id) {
      $0.hasResult && $0.result == -ErrorNumber.again.rawValue
    }
    guard let newest = found.first else { return nil }
    let reason = newest.reasonNotToWait(ring)
    let rate = Double(errors) * 1e9 / Double(evidence.life(of: ring))
    return Sighting(
      severity: .warn, rings: [ring.id], requests: found.map(\.id), requestCount: errors,
      summary:
        "\(evidence.words(newest)): \(errors) requests failed with EAGAIN, \(Words.number(rate)) a second"
        + (reason.map { ", because \($0.cause)" } ?? ""),
      numbers: [
        .init("errors", errors), .init("completed", completed),
        .init("per_second", UInt64(nearest: rate)),
      ],
      meaning:
        "By default io_uring waits until a file is ready. A request that must not wait fails at once, "
        + "and resubmitting it only costs CPU time.",
      cure: reason?.cure
        ?? "Check whether the file was opened with O_NONBLOCK, which io_uring does not need: omit it, or "
        + "wait with POLL_ADD first.")
  }
}

extension Request {
  /// The flag that keeps io_uring from waiting for the request's file, with the cure; nil if there
  /// is none.
  fileprivate func reasonNotToWait(_ ring: Ring) -> (cause: String, cure: String)? {
    if ring.setupFlags.contains(.ioPoll) {
      return (
        "a ring with IORING_SETUP_IOPOLL does not wait for room in the device's queue",
        "Keep fewer requests in flight, or submit again after completions."
      )
    }
    guard self.isSQEKnown else { return nil }
    switch self.opcode.properties.flags?.name {
    case "msg_flags" where self.sqe.op_flags & 0x40 != 0:
      return (
        "MSG_DONTWAIT is set",
        "Leave MSG_DONTWAIT out: io_uring waits without a thread."
      )
    case "rw_flags" where self.sqe.op_flags & 0x8 != 0:
      return (
        "RWF_NOWAIT is set",
        "Leave RWF_NOWAIT out: io_uring waits without blocking the caller."
      )
    default: return nil
    }
  }
}
