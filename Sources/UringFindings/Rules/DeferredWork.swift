import UringTrace

extension FindingRule {
  private static let patience: UInt64 = 1_000_000_000

  static let deferredWork = FindingRule(
    "deferred-work",
    .condition(
      lasting: patience, on: { !$0.isClosed && $0.setupFlags.contains(.deferTaskrun) }),
    meaning:
      "With IORING_SETUP_DEFER_TASKRUN completions are task work of the ring. Only the thread that submits runs it, "
      + "in io_uring_enter with IORING_ENTER_GETEVENTS; reading the CQ does not.",
    cure:
      "Call io_uring_get_events before looking at the CQ, wait for completions, or create the ring with "
      + "IORING_SETUP_TASKRUN_FLAG, so that io_uring_peek_cqe sees that it must enter the kernel."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      // A task that waits in io_uring_enter runs the task work itself, once the number of
      // completions that it waits for is ready.
      guard ring.setupFlags.contains(.deferTaskrun), ring.waiter == nil else { return nil }
      let ready = evidence.inFlight(on: ring.id).filter { request in
        guard !request.isSuspect, let time = request.readyTime else { return false }
        return time >= ring.lastLocalWorkTime && evidence.age(since: time) >= patience
      }
      guard let first = ready.first, let since = ready.compactMap(\.readyTime).min() else {
        return nil
      }
      let tid = ring.submitterTid == 0 ? first.submitterTid : ring.submitterTid
      let thread = evidence.waits?.thread(tid)
      guard thread?.wait != .stopped else { return nil }
      let age = evidence.age(since: since)
      let isFound = ready.contains { $0.steps.last?.kind == .found }
      let name =
        tid == 0 ? "the thread that submits" : "thread " + Words.thread(tid, in: evidence.snapshot)
      return Sighting(
        severity: .warn, rings: [ring.id], requests: ready.map(\.id),
        summary: Words.list(ready.lazy.map(evidence.words), of: ready.count)
          + " \(ready.count == 1 ? "has" : "have") been ready for \(isFound ? "at least " : "")\(Words.duration(age)): the ring has DEFER_TASKRUN, and "
          + "\(name) has not called io_uring_enter with GETEVENTS since"
          + evidence.doing(thread),
        numbers: [.init("ready", ready.count), .init("age_ns", age)],
        cure: ring.setupFlags.contains(.taskrunFlag)
          ? "Test IORING_SQ_TASKRUN in the SQ flags, as io_uring_peek_cqe does, or call io_uring_get_events."
          : nil)
    }
  }
}

extension Request {
  /// Latest possible time at which the request's completion became task work. Nil if the request
  /// does not wait for its task, or if the time is not known.
  fileprivate var readyTime: UInt64? {
    guard self.state == .taskWork, let last = steps.last else { return nil }
    switch last.kind {
    case .taskWorkAdded, .found: return last.time
    default: return nil
    }
  }
}

extension Evidence {
  fileprivate func doing(_ thread: ThreadState?) -> String {
    guard let thread, let waits else { return "" }
    return "; it \(Words.activity(of: thread, in: waits))"
  }
}
