import UringTrace

/// Rules about entries that stay in the SQ or CQ.
extension FindingRule {
  private static let patience: UInt64 = 3_000_000_000

  static let cqOverflow = FindingRule(
    "cq-overflow",
    meaning: "The completion queue was full: the kernel put CQEs on a list of its own, which is "
      + "slow, and ends multishot requests.",
    cure: "Reap more often, or make the queue larger (IORING_SETUP_CQSIZE)."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let counts = evidence.counts(of: ring)
      guard counts.overflows > 0 else { return nil }
      let requests = evidence.ended(on: ring.id) { $0.state == .overflowed }
      return Sighting(
        severity: counts.dropped > 0 ? .crit : .warn, rings: [ring.id],
        requests: requests.reversed().map(\.id), requestCount: counts.overflows,
        summary: "\(Words.count(counts.overflows, "CQE")) did not fit into the queue"
          // If the ring's creation was not seen, the size is unknown until a scan finds the ring.
          + (ring.cqEntries > 0 ? " of \(ring.cqEntries)" : "")
          + (counts.dropped > 0 ? "; \(counts.dropped) were dropped" : ""),
        numbers: [
          .init("overflows", counts.overflows), .init("dropped", counts.dropped),
          .init("cq_entries", ring.cqEntries),
        ],
        meaning: counts.dropped > 0
          ? "The completion queue was full and the kernel had no memory: CQEs are lost for good."
          : nil)
    }
  }

  static let unreapedCQEs = FindingRule(
    "unreaped-cqes", .condition(lasting: patience),
    meaning: "CQEs stay in the queue, and no thread reaps them.",
    cure:
      "Find out why the reaping thread does not reap: it is blocked elsewhere, missed a wake-up, or "
      + "reaps only one CQE for each wake-up."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      let age = evidence.age(since: ring.cqPendingSince, on: ring)
      // A task that waits for several CQEs leaves the first ones in the queue.
      guard ring.cqPending > 0, age >= patience, ring.waiter == nil else { return nil }
      let reaper = evidence.reaper(of: ring)
      let wanted = Set(ring.stillUnreaped.map(\.userData))
      var requests: [Request.ID] = []
      evidence.forEachEnded(on: ring.id, within: .history) { request in
        guard requests.count < Int(ring.cqPending) else { return }
        if wanted.isEmpty || wanted.contains(request.userData) { requests.append(request.id) }
      }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: requests.reversed(),
        requestCount: UInt64(ring.cqPending),
        summary: "\(Words.count(ring.cqPending, "CQE")) unreaped for \(Words.duration(age))"
          + evidence.clause(reaper)
          + (ring.eventfd == .async
            ? "; the ring's eventfd is not signalled for CQEs that are posted during their submission "
              + "(IORING_REGISTER_EVENTFD_ASYNC)" : ""),
        numbers: [
          .init("cq_pending", ring.cqPending), .init("cq_entries", ring.cqEntries),
          .init("age_ns", age),
        ],
        cure: evidence.eventfdCure(reaper, ring) ?? evidence.cure(reaper))
    }
  }

  static let unsubmittedSQEs = FindingRule(
    "unsubmitted-sqes",
    .condition(lasting: patience, on: { !$0.isClosed && !$0.setupFlags.contains(.sqPoll) }),
    meaning:
      "SQEs stay in the queue and the kernel does not take them: the program does not submit, its "
      + "submissions fail, or one has not returned.",
    cure: "Check that io_uring_submit is called, and that it returns the number of queued SQEs."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      guard !ring.setupFlags.contains(.sqPoll) else { return nil }
      if let thread = evidence.blockedSubmitter(to: ring) {
        return pendingSQEs(
          ring, evidence, thread, severity: .warn,
          meaning:
            "A request of this submission blocks its thread inside io_uring_enter. The SQEs "
            + "behind it are not taken until it stops blocking.",
          cure:
            "Set IOSQE_ASYNC on requests that can block while they are issued, so that a worker "
            + "executes them.")
      }
      return pendingSQEs(
        ring, evidence, evidence.submitter(to: ring), severity: .warn,
        cure: ring.setupFlags.contains(.singleIssuer)
          ? "Check that io_uring_submit is called, by the thread that submitted first: with "
            + "IORING_SETUP_SINGLE_ISSUER it fails with -EEXIST in any other."
          : nil)
    }
  }

  static let sqpollStall = FindingRule(
    "sqpoll-stall",
    .condition(lasting: patience, on: hasSQThread),
    meaning: "SQEs stay in the queue and the SQ thread does not take them: it sleeps and was not "
      + "woken, or cannot run.",
    cure: "Test IORING_SQ_NEED_WAKEUP after each batch, after a full memory barrier, and call "
      + "io_uring_enter with IORING_ENTER_SQ_WAKEUP."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      // The rule `sqpoll-starved` explains a thread that is awake but gets no processor.
      guard ring.setupFlags.contains(.sqPoll), evidence.reasonOfStarvation(on: ring) == nil else {
        return nil
      }
      return pendingSQEs(ring, evidence, nil, severity: .crit)
    }
  }

  private static func pendingSQEs(
    _ ring: Ring, _ evidence: Evidence, _ submitter: Evidence.Server?, severity: Finding.Severity,
    meaning: String? = nil, cure: String? = nil
  ) -> Sighting? {
    let age = evidence.age(since: ring.sqPendingSince, on: ring)
    guard ring.sqPending > 0, age >= patience else { return nil }
    let left = Words.unsubmitted(ring)
    return Sighting(
      severity: severity, rings: [ring.id],
      summary: "\(Words.count(ring.sqPending, "SQE")) not taken for \(Words.duration(age))"
        + (left.isEmpty ? "" : ": " + left)
        + evidence.clause(submitter),
      numbers: [
        .init("sq_pending", ring.sqPending), .init("sq_entries", ring.sqEntries),
        .init("age_ns", age),
      ], meaning: meaning, cure: evidence.cure(submitter) ?? cure)
  }
}

extension Evidence {
  /// The cure for a ring whose eventfd did not wake the thread that waits on it; nil if the thread
  /// waits for something else.
  fileprivate func eventfdCure(_ reaper: Server?, _ ring: Ring) -> String? {
    let isWaiting = reaper.map { waits?.sleeps($0.thread, onEventfdOf: ring.id) == true } ?? false
    switch ring.eventfd {
    case .async where isWaiting || cure(reaper) == nil:
      return
        "Register the eventfd with IORING_REGISTER_EVENTFD, or look at the completion queue after each "
        + "io_uring_submit."
    case .all where isWaiting:
      return
        "Take all CQEs after each wake-up: reading the eventfd resets its count, and CQEs that are left in the queue "
        + "do not signal it again."
    default: return nil
    }
  }
}
