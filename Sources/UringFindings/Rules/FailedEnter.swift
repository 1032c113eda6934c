import UringTrace

/// Rules about calls of `io_uring_enter` that fail.
extension FindingRule {
  static let singleIssuer = FindingRule(
    "single-issuer", .spanOfSystemCalls { $0.setupFlags.contains(.singleIssuer) },
    meaning:
      "A ring with IORING_SETUP_SINGLE_ISSUER belongs to one thread: the one that made it, or that enabled it. In any "
      + "other io_uring_enter fails with EEXIST and takes no SQE.",
    cure:
      "Submit from the thread that owns the ring, or create it with IORING_SETUP_R_DISABLED and call "
      + "io_uring_enable_rings in the thread that submits."
  ) { evidence in
    evidence.rings.compactMap { ring in
      guard ring.setupFlags.contains(.singleIssuer) else { return nil }
      let failed = evidence.enters(of: ring) { $0.result == -ErrorNumber.exists.rawValue }
      guard let worst = failed.first else { return nil }
      let isStuck = !ring.isClosed && ring.sqPending > 0
      var text = Words.queued(on: ring)
      text += evidence.words(worst)
      if failed.count > 1 { text += " (and \(Words.count(failed.count - 1, "more thread")))" }
      text += ", because the ring has SINGLE_ISSUER"
      if ring.submitterTid != 0, ring.submitterTid != worst.tid {
        text += " and belongs to thread " + Words.thread(ring.submitterTid, in: evidence.snapshot)
        if let waits = evidence.waits, let owner = waits.thread(ring.submitterTid) {
          text += ", which " + Words.activity(of: owner, in: waits)
        }
      }
      return Sighting(
        severity: isStuck ? .crit : .warn, rings: [ring.id], summary: text,
        numbers: [
          .init("failed_calls", failed.reduce(UInt64(0)) { $0.addingSaturated($1.count) }),
          .init("sq_pending", ring.sqPending),
        ])
    }
  }

  static let failedEnter = FindingRule(
    "failed-enter",
    .spanOfSystemCalls {
      // These states of a ring are symptoms of failed calls.
      $0.sqPending > 0 || $0.isOverflowed || $0.setupFlags.contains(.disabled)
    },
    meaning: "io_uring_enter fails: it takes no SQEs, and does not wait.",
    cure:
      "Check the result of io_uring_submit and of the waiting calls: io_uring_enter(2) lists the errors."
  ) { evidence in
    evidence.rings.flatMap { ring -> [Sighting] in
      let failed = evidence.enters(of: ring) { calls in
        calls.error != nil && calls.error != .exists && !calls.isExpectedFailure
      }
      return failed.map { calls in
        let known =
          calls.flags & extendedByOffset != 0 && calls.error == .fault
          ? outsideRegion : calls.error.flatMap { enterFailures[$0] }
        return Sighting(
          severity: .warn, rings: [ring.id],
          summary: Words.queued(on: ring) + evidence.words(calls)
            + (known.map { ": \($0.cause)" } ?? ""),
          numbers: [.init("failed_calls", calls.count)], cure: known?.cure)
      }
    }
  }

  /// IORING_ENTER_EXT_ARG_REG (6.13): the argument of the call is an offset in the ring's memory
  /// region.
  private static let extendedByOffset: UInt32 = 1 << 6

  /// Cause and cure if io_get_ext_arg_reg (io_uring/io_uring.c) refuses the offset.
  private static let outsideRegion = (
    cause: "the offset of its argument is outside the region for waiting, or not a multiple of 8",
    cure: "Check the offset, and the size of the region that io_uring_register_region made."
  )

  /// Causes and cures of failed io_uring_enter calls, by error.
  static let enterFailures: [ErrorNumber: (cause: String, cure: String)] = [
    .badRequest: (
      "CQEs were dropped, because the CQ was full and the kernel had no memory for its overflow list",
      "Take completions more often, or make the CQ larger (IORING_SETUP_CQSIZE): dropped CQEs never arrive."
    ),
    .busy: (
      "the CQ is full, and CQEs wait in the kernel's overflow list",
      "Take completions before submitting or waiting again, or make the CQ larger (IORING_SETUP_CQSIZE)."
    ),
    .badDescriptorState: (
      "the ring was created with R_DISABLED, and had not been enabled",
      "Call io_uring_enable_rings before the first submission."
    ),
    .ownerDead: (
      "the ring's SQ thread has exited", "Create a new ring: this ring's SQEs are no longer taken."
    ),
    .fault: (
      "its argument is not mapped", "Check the addresses of the timeout and of the signal mask."
    ),
  ]
}

extension RuleScope {
  /// A span rule that needs records of system calls.
  static func spanOfSystemCalls(
    concernsProcesses: Bool = false, on concerns: @escaping @Sendable (Ring) -> Bool = { _ in true }
  ) -> RuleScope {
    var scope = RuleScope.span
    scope.needsSystemCalls = true
    scope.concernsProcesses = concernsProcesses
    scope.concerns = { !$0.isClosed && concerns($0) }
    return scope
  }
}

extension Words {
  /// A clause about the SQEs that the kernel has not taken: "READ 0x401 is in the SQ: ". Empty if
  /// there are none.
  fileprivate static func queued(on ring: Ring) -> String {
    let left = unsubmitted(ring)
    guard !ring.isClosed, ring.sqPending > 0, !left.isEmpty else { return "" }
    return left + (ring.sqPending == 1 ? " is in the SQ: " : " are in the SQ: ")
  }
}

extension Evidence {
  /// Calls of `io_uring_enter` on a ring within the span, the most frequent first.
  fileprivate func enters(of ring: Ring, where passes: (SystemCalls) -> Bool) -> [SystemCalls] {
    snapshot.systemCalls
      .filter { $0.call == .enter && $0.ring == ring.id && isInSpan($0) && passes($0) }
      .sorted { $0.count > $1.count }
  }

  func isInSpan(_ calls: SystemCalls) -> Bool { calls.lastTime >= snapshot.time.since(span) }

  /// Failed calls in words: "io_uring_enter in thread 4711 (server) failed with EEXIST, 9 times in
  /// 4 s".
  func words(_ calls: SystemCalls) -> String {
    let length = calls.lastTime.since(calls.firstTime)
    let times = calls.count == 1 ? "" : ", \(calls.count) times in \(Words.duration(length))"
    return
      "\(calls.call.rawValue) in thread \(Words.thread(calls.tid, in: snapshot)) failed with "
      + Words.error(calls.result) + times
  }
}
