import UringTrace

extension FindingRule {
  static let hang = FindingRule(
    "hang", .suspicion(lasting: 3_000_000_000, needs: .everyRequestOfTheRing),
    meaning: "A task waits in io_uring_enter for more CQEs than the requests in flight can post.",
    cure: "Wait for no more CQEs than there are requests in flight: look for requests that were "
      + "queued and not submitted, for CQEs already reaped, and for IOSQE_CQE_SKIP_SUCCESS."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      guard let wait = LongWait(ring, evidence, atLeast: 3_000_000_000),
        let possible = wait.possibleCQEs, possible < wait.waiter.missing,
        evidence.waitsWithoutEnd(wait.waiter),
        evidence.waits.map({ !$0.hasMoved(ring) }) ?? true
      else { return nil }
      let missing = wait.waiter.missing
      let shortage =
        possible == 0
        ? " that nothing in flight can post" : "; the requests in flight can post only \(possible)"
      let poster = evidence.possiblePoster(to: ring)
      let doorbell = possible == 0 ? evidence.endedMultishots(on: ring).last : nil
      let mayBeIdle = doorbell == nil && evidence.mayGetRequests(ring, besides: wait.waiter)
      return Sighting(
        severity: mayBeIdle || poster != nil && evidence.hasAwake(besides: wait.waiter)
          ? .info : poster == nil ? .crit : .warn,
        rings: [ring.id],
        requests: (doorbell.map { [$0.id] } ?? []) + wait.requests.map(\.id),
        summary: "thread \(wait.waiter.tid) has waited \(Words.duration(wait.duration)) for "
          + "\(Words.count(missing, "more CQE"))\(shortage)"
          + (poster.map { "; ring \($0) could send messages (MSG_RING)" } ?? "")
          + (doorbell.map {
            ": \(evidence.ending(of: $0)), the last without IORING_CQE_F_MORE, and was not submitted again"
          } ?? (possible == 0 ? evidence.lastReaped(on: ring) : ""))
          + evidence.others(than: wait.waiter),
        numbers: [
          .init("missing", missing), .init("possible", possible),
          .init("waiting_ns", wait.duration), .init("unsubmitted", ring.sqPending),
        ],
        meaning: doorbell == nil
          ? mayBeIdle
            ? "A task waits in io_uring_enter for more CQEs than the requests in flight can post. It "
              + "is idle if other threads submit to its ring; otherwise it hangs."
            : nil
          : "A task waits in io_uring_enter, and no request in flight can wake it: the multishot "
            + "request that used to wake it has ended.",
        cure: doorbell != nil
          ? "Test each CQE for IORING_CQE_F_MORE and submit the request again when the flag is not "
            + "set; a larger completion queue (IORING_SETUP_CQSIZE) overflows less often."
          : evidence.mayHaveEnded(on: ring)
            ? "If the last CQE was that of a multishot request: test each CQE for IORING_CQE_F_MORE "
              + "and submit the request again when the flag is not set. Otherwise wait for no more "
              + "CQEs than there are requests in flight."
            : nil)
    }
  }

  /// Rule about a task that waits as in ``hang``, although enough requests are in flight. The task
  /// is an idle server, or hangs on a file that nobody writes to.
  static let waiting = FindingRule(
    "waiting", .suspicion(lasting: 3_000_000_000),
    meaning: "A task waits in io_uring_enter, and nothing has completed for a long time: it is "
      + "idle, or hangs on one of these requests.",
    cure: "If it should not be idle, see what the named requests wait for."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      guard let wait = LongWait(ring, evidence, atLeast: 3_000_000_000),
        wait.possibleCQEs.map({ $0 >= wait.waiter.missing }) ?? true,
        !evidence.deadlocks.contains(where: { $0.rings.contains(ring.id) })
      else { return nil }
      // Requests that wait behind others (linked or drained) are not the cause of the wait.
      let awaited = wait.requests.filter { $0.state != .linked && $0.state != .deferred }
      guard !awaited.isEmpty else { return nil }
      let cause = awaited.count == 1 ? evidence.snapshot.cause(of: awaited[0]) : nil
      return Sighting(
        severity: .info, rings: [ring.id], requests: awaited.map(\.id),
        summary: "thread \(wait.waiter.tid) has waited \(Words.duration(wait.duration)) for "
          + Words.list(awaited.lazy.map(evidence.words), of: awaited.count)
          + (cause.map { ", which waits for \($0.text)" } ?? "")
          + (awaited.count == 1 ? evidence.continuation(of: awaited[0]) : ""),
        numbers: [
          .init("missing", wait.waiter.missing), .init("in_flight", wait.requests.count),
          .init("waiting_ns", wait.duration),
        ])
    }
  }
}

extension Evidence {
  /// A clause about the last CQE that the application took, for a ring that has nothing in flight
  /// and has posted no CQE during the observation.
  fileprivate func lastReaped(on ring: Ring) -> String {
    guard ring.isFound, ring.counts.cqes == 0, let last = ring.reaped.first else { return "" }
    let flags = CQEFlags(rawValue: last.flags)
    let opcode = last.sqe.map {
      " (\(Opcode(rawValue: $0.opcode).name) by the SQE in the ring's memory)"
    }
    return "; nothing is in flight, and the last CQE that was taken has user_data 0x"
      + "\(String(last.userData, radix: 16))\(opcode ?? ""), result \(last.result) and "
      + (flags.contains(.more) ? "IORING_CQE_F_MORE" : "no IORING_CQE_F_MORE")
      + signalled(by: ring)
  }

  /// A clause about an eventfd of the ring's processes whose counter is not 0; empty if there is
  /// none.
  private func signalled(by ring: Ring) -> String {
    let holders = Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
    let files = snapshot.waits.files.filter {
      $0.kind == .eventfd && $0.pending != 0 && holders.contains($0.tgid)
    }
    guard let file = files.first else { return "" }
    return "; the eventfd with fd \(file.fd) is signalled, and nothing in flight polls it"
  }

  /// True if a multishot request may have ended before the observation began.
  fileprivate func mayHaveEnded(on ring: Ring) -> Bool {
    guard ring.isFound, ring.counts.cqes == 0, let last = ring.reaped.first else { return false }
    return inFlight(on: ring.id).isEmpty && !CQEFlags(rawValue: last.flags).contains(.more)
  }

  /// A clause for each other thread of a waiter's process: "; thread 4712 is blocked in futex() at
  /// 0x1000".
  fileprivate func others(than waiter: Ring.Waiter) -> String {
    guard let waits else { return "" }
    let others = waits.threads(of: waiter.tgid).filter { $0.tid != waiter.tid }
    let clauses = others.map { "\(waits.name($0)) \(Words.activity(of: $0, in: waits))" }
    return clauses.isEmpty ? "" : "; " + Words.list(clauses, of: clauses.count, shown: 2)
  }

  /// True if other threads of a waiter's process can submit to its ring, and perhaps do, while the
  /// waiter takes the completions for all threads.
  fileprivate func mayGetRequests(_ ring: Ring, besides waiter: Ring.Waiter) -> Bool {
    guard let waits, !ring.setupFlags.contains(.singleIssuer), signalled(by: ring).isEmpty,
      waits.threads(of: waiter.tgid).contains(where: { $0.tid != waiter.tid })
    else { return false }
    // If the ring is older than the observation, the earlier submitters to it are not known.
    var submits = ring.isFound || ring.counts.submitted == 0
    for request in inFlight(on: ring.id) where request.submitterTid != waiter.tid { submits = true }
    forEachEnded(on: ring.id, within: .history) {
      if $0.submitterTid != waiter.tid { submits = true }
    }
    return submits
  }

  /// True if a waiter seems to wait without a timeout. False if the last look at waits found a
  /// timeout, or took place before this wait began.
  fileprivate func waitsWithoutEnd(_ waiter: Ring.Waiter) -> Bool {
    guard let waits, let thread = waits.thread(waiter.tid) else { return true }
    guard waits.facts.time >= waiter.since ?? 0 else { return false }
    if case .cqes = thread.wait { return true }
    return false
  }

  /// True if another thread of the waiter's process is running, or waits with a timeout.
  fileprivate func hasAwake(besides waiter: Ring.Waiter) -> Bool {
    waits?.threads(of: waiter.tgid).contains {
      $0.tid != waiter.tid && ($0.wait == .runs || $0.wait == .timed)
    } ?? false
  }

  /// Clauses about the tasks that could end a request's wait, and about what these tasks do, as far
  /// as is known.
  fileprivate func continuation(of request: Request) -> String {
    guard let waits else { return "" }
    let clauses = waits.chain(from: request.id)
    // The first clause repeats what the request waits for. The second is shown only if a third
    // follows, or if it names the process at the other end of a connection.
    let isShown = clauses.count > 2 || clauses.count == 2 && waits.seesPeer(of: request)
    return isShown ? ": " + Words.clauses(Array(clauses.dropFirst())) : ""
  }

  /// Another open ring of a process that holds this ring: it could post messages to this ring.
  fileprivate func possiblePoster(to ring: Ring) -> Ring.ID? {
    let holders = Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
    return openRings.first { other in
      other.id != ring.id
        && (holders.contains(other.ownerTgid)
          || other.descriptors.contains { holders.contains($0.tgid) })
    }?.id
  }
}

/// A task that has waited for CQEs of a ring for a long time, while nothing happened on the ring.
private struct LongWait {
  var waiter: Ring.Waiter
  /// Lower bound of the wait, in nanoseconds.
  var duration: UInt64
  /// Requests in flight on the ring.
  var requests: RequestList
  /// CQEs that can still be posted; nil if not known.
  var possibleCQEs: UInt64?

  init?(_ ring: Ring, _ evidence: Evidence, atLeast least: UInt64) {
    guard let waiter = ring.waiter else { return nil }
    // If the call began before the capture, only the time since the thread last ran is known.
    duration = evidence.age(
      since: waiter.since ?? waiter.asleepSince ?? evidence.snapshot.host.startTime, on: ring)
    guard duration >= least, ring.lastSecond.submitted == 0, ring.lastSecond.completed == 0 else {
      return nil
    }
    self.waiter = waiter
    requests = evidence.inFlight(on: ring.id)
    possibleCQEs = Self.possibleCQEs(ring, requests, evidence)
  }

  private static func possibleCQEs(
    _ ring: Ring, _ requests: RequestList, _ evidence: Evidence
  ) -> UInt64? {
    // The number is unknown if other rings post messages to this one, or if an SQ thread can take
    // further SQEs.
    guard evidence.isComplete(ring), ring.counts.auxiliary == 0, !ring.setupFlags.contains(.sqPoll),
      // The release of a tagged file also posts a CQE.
      ring.files.allSatisfy({ $0.tag == 0 })
    else { return nil }
    var unknown: UInt64 = 0
    if ring.isFound {
      guard let balance = ring.balance, balance.method != .unknown else { return nil }
      unknown = balance.unaccounted
    }
    var possible = unknown
    for request in requests {
      if request.mayBeMultishot { return nil }
      let isWholeSend =
        request.opcode.isZeroCopySend && request.state != .awaitingNotification
      possible += isWholeSend ? 2 : 1
    }
    return possible
  }
}
