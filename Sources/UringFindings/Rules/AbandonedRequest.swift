import UringTrace

extension Evidence {
  /// Requests in flight that no thread waits for, on a ring whose CQ no thread checks: a case of
  /// the rule `leaked-request`.
  func abandoned(on ring: Ring) -> FindingRule.Sighting? {
    guard isComplete, let waits, waits.facts.isComplete, waits.ring(ring.id) != nil,
      ring.waiter == nil, !ring.isPolled, ring.eventfd == .none, ring.cqPending == 0,
      ring.lastSecond.submitted == 0, ring.lastSecond.completed == 0,
      ring.lastWaitTime == 0 || age(since: ring.lastWaitTime) >= Self.patience
    else { return nil }
    let holders = Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
    let threads = holders.sorted().flatMap { waits.threads(of: $0) }
    // A running thread may check the CQ at any time. A thread with `.runs` and a system call was
    // asleep in that call when the look at waits (a collection of what threads wait for) began, so
    // it runs only rarely.
    guard !threads.isEmpty,
      !threads.contains(where: { $0.wait == .runs && $0.call.isEmpty || $0.wait == .stopped })
    else { return nil }
    let left = inFlight(on: ring.id).filter {
      [.poll, .futex, .waitid, .workerRunning].contains($0.place) && !$0.isSuspect
        && age(since: max($0.startTime, $0.lastStepTime)) >= Self.patience
    }
    guard let first = left.first else { return nil }
    let others = waits.otherEnds(of: first)
    let isOwn = others.map { $0.allSatisfy { holders.contains($0.tgid) } } ?? false
    let server = threads.count == 1 ? ", the only one of its process," : ""
    let more =
      left.count > 1 ? "; the same holds for \(Words.count(left.count - 1, "more request"))" : ""
    return FindingRule.Sighting(
      // If another process holds the other end, it may still answer, and the program may check the
      // CQ then.
      severity: isOwn ? .warn : .info, rings: [ring.id], requests: left.map(\.id),
      summary:
        "\(words(first)) has been in flight for "
        + "\(first.boundOfAge)\(Words.duration(age(since: first.startTime))), and nothing waits for it: no thread waits for completions of the ring, and none polls it; "
        + "\(waits.name(threads[0]))\(server) "
        + (threads[0].wait == .runs
          ? "sleeps in \(threads[0].call)() and wakes occasionally"
          : Words.activity(of: threads[0], in: waits))
        + (others.map { ends(of: first, $0, holders) } ?? "")
        + more,
      numbers: [
        .init("requests", left.count), .init("age_ns", age(since: first.startTime)),
      ],
      meaning:
        "A request stays in flight, with its memory and its file, until the file becomes ready or the "
        + "request is cancelled.",
      cure:
        "Cancel a request (IORING_OP_ASYNC_CANCEL) when it is no longer needed, or wait for its completion."
    )
  }

  private static let patience: UInt64 = 3_000_000_000

  /// A clause about the other end of a request's file: "; the other end of its pipe is fd 5 of the
  /// same process".
  private func ends(of request: Request, _ ends: [OpenFile], _ holders: Set<UInt32>) -> String {
    guard let first = ends.first else { return "; no process has the other end of its file open" }
    let names = ends.map { end in
      "fd \(end.fd) of "
        + (holders.contains(end.tgid)
          ? "the same process" : "process \(Words.thread(end.tgid, in: snapshot))")
    }
    return "; the other end of its \(first.kind.rawValue) is " + Words.list(names, of: names.count)
  }
}

extension WaitGraph {
  /// Descriptors through which the request's wait could be ended; nil if not all of them are known.
  fileprivate func otherEnds(of request: Request) -> [OpenFile]? {
    guard request.place == .poll, let (file, identity) = ledger.file(of: request) else {
      return nil
    }
    switch identity {
    case .pipe:
      let isReading = request.pollEvents & 0x41 != 0
      let ends = ledger.descriptors(of: identity).filter { isReading ? $0.canWrite : $0.canRead }
      let count = isReading ? file.writers : file.readers
      return Set(ends.map(\.file)).count == Int(count) && ledger.isClosed(ends) ? ends : nil
    case .socket:
      let ends = peers(of: file)
      return !ends.isEmpty && ledger.isClosed(ends) ? ends : nil
    case .eventfd: return nil
    }
  }
}

extension Request {
  /// Time of the request's last step other than `found`, which is recorded when the request is
  /// found in flight; 0 if there is none.
  fileprivate var lastStepTime: UInt64 { steps.last { $0.kind != .found }?.time ?? 0 }
}
