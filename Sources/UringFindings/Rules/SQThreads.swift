import UringBase
import UringTrace

/// Rules about SQ threads that take SQEs late.
extension FindingRule {
  static let sqpollSleeps = FindingRule(
    "sqpoll-sleeps", .condition(lasting: 3_000_000_000, on: hasSQThread),
    meaning:
      "The SQ thread is asleep when SQEs arrive: each time the program must wake it with a system call "
      + "(IORING_SQ_NEED_WAKEUP), and the SQEs wait for it to run.",
    cure:
      "Set sq_thread_idle longer than the gaps between submissions (the thread then uses a whole processor), or "
      + "do not use SQPOLL: at this rate a system call for each submission costs less."
  ) { evidence in
    let submissions = evidence.submittedToThreads
    return evidence.openRings.compactMap { ring in
      let life = evidence.life(of: ring)
      let slept = evidence.sqThreadWork(of: ring).slept
      let submitted = submissions[ring.sqThreadTid] ?? 0
      guard hasSQThread(ring), life >= 3_000_000_000, let idle = ring.sqThreadSetup?.idle,
        slept >= 50, slept * 2 >= submitted, submitted > 0
      else { return nil }
      let gap = life / submitted
      return Sighting(
        severity: .info, rings: [ring.id], requests: evidence.newest(on: ring),
        requestCount: submitted,
        summary:
          "SQ thread \(ring.sqThreadTid) went to sleep \(slept) times in \(Words.duration(life)), for "
          + "\(Words.count(submitted, "request")): it sleeps after \(idle) ms without any (sq_thread_idle, in "
          + "ticks of the kernel), and one arrives every \(Words.duration(gap)) on average",
        numbers: [
          .init("sleeps", slept), .init("requests", submitted), .init("idle_ms", idle),
          .init("mean_gap_ns", gap),
        ])
    }
  }

  static let sqpollStarved = FindingRule(
    "sqpoll-starved", .condition(lasting: 3_000_000_000, on: hasSQThread),
    meaning:
      "The SQ thread is runnable but gets too little CPU time, because other threads use its "
      + "processor; SQEs wait until it runs.",
    cure:
      "Give the thread a processor of its own (IORING_SETUP_SQ_AFF with sq_thread_cpu, or its affinity), keep "
      + "other threads off that processor, and give it the usual priority."
  ) { evidence in
    let submissions = evidence.submittedToThreads
    return evidence.openRings.compactMap { ring in
      guard let reason = evidence.reasonOfStarvation(on: ring) else { return nil }
      let life = evidence.life(of: ring)
      let work = evidence.sqThreadWork(of: ring)
      let submitted = submissions[ring.sqThreadTid] ?? 0
      let isStalled =
        ring.sqPending > 0 && evidence.age(since: ring.sqPendingSince, on: ring) >= 3_000_000_000
      return Sighting(
        severity: isStalled ? .crit : .warn, rings: [ring.id], requests: evidence.newest(on: ring),
        requestCount: submitted,
        summary: "SQ thread \(ring.sqThreadTid) was runnable and waited for its processor "
          + "\(Words.percent(work.delayed, of: life)) % of \(Words.duration(life)), and ran "
          + "\(Words.percent(work.ran, of: life)) %: \(reason)",
        numbers: [
          .init("delayed_ns", work.delayed), .init("cpu_ns", work.ran),
          .init("share_percent", Words.percent(work.delayed, of: life)),
          .init("requests", submitted),
        ])
    }
  }

  /// The rings to which rules about SQ threads apply.
  static let hasSQThread: @Sendable (Ring) -> Bool = {
    !$0.isClosed && $0.setupFlags.contains(.sqPoll)
  }
}

extension Evidence {
  /// Number of requests taken by each SQ thread, which can serve several rings.
  fileprivate var submittedToThreads: [UInt32: UInt64] {
    openRings.reduce(into: [:]) { sums, ring in
      if FindingRule.hasSQThread(ring) {
        sums[ring.sqThreadTid, default: 0] += counts(of: ring).submitted
      }
    }
  }

  /// The reason why a ring's SQ thread waited for its processor for half of the time, and longer
  /// than it ran. Nil if it waited less, or if its scheduling parameters do not explain the wait.
  func reasonOfStarvation(on ring: Ring) -> String? {
    let life = life(of: ring)
    let work = sqThreadWork(of: ring)
    guard FindingRule.hasSQThread(ring), life >= 3_000_000_000, let setup = ring.sqThreadSetup,
      work.delayed * 2 >= life, work.delayed > work.ran
    else { return nil }
    return disadvantage(of: setup)
  }

  /// The last ended requests of a ring, newest first: as many as one finding can name.
  func newest(on ring: Ring) -> [Request.ID] {
    var requests: [Request.ID] = []
    forEachEnded(on: ring.id) { request in
      if requests.count < Finding.requestLimit { requests.append(request.id) }
    }
    return requests
  }

  /// The reason why an SQ thread gets less CPU time than other threads of a busy machine; nil if
  /// there is none.
  private func disadvantage(of setup: SQThreadSetup) -> String? {
    let place =
      setup.processors.isEmpty ? "" : " on \(Words.processors(setup.processors))"
    switch setup.policy {
    case 3: return "it runs with SCHED_BATCH\(place)"
    case 5: return "it runs with SCHED_IDLE\(place)"
    default: break
    }
    if setup.nice > 0 { return "its nice value is \(setup.nice)\(place)" }
    // Bound to a single processor, the thread cannot move away from others that run there.
    return !setup.processors.isEmpty && setup.processors.allSatisfy(\.isNumber)
      ? "it may run\(place) only" : nil
  }
}
