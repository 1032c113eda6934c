import UringBase
import UringTrace

extension FindingRule {
  static let iowait = FindingRule(
    "iowait", .condition(lasting: 1_000_000_000),
    meaning:
      "While a task waits in io_uring_enter with requests in flight, whatever they are, the kernel counts the idle "
      + "time of its processor as iowait: 100 % iowait then shows neither load nor a slow disk.",
    cure:
      "Ignore it, or enter with IORING_ENTER_NO_IOWAIT (liburing: io_uring_set_iowait(ring, false))."
  ) { evidence in
    // There is one finding for all rings, because every idle server has a task that counts as
    // iowait.
    let waits = evidence.openRings.compactMap { IdleWait($0, evidence) }
      .sorted { $0.duration > $1.duration }
    guard let longest = waits.first else { return [] }
    let others = waits.count - 1
    return [
      Sighting(
        severity: .info, rings: waits.map(\.ring), requests: longest.requests.map(\.id),
        summary: "thread \(Words.thread(longest.tid, in: evidence.snapshot)) has waited "
          + "\(Words.duration(longest.duration)) in io_uring_enter, which counts as iowait, for "
          + Words.list(longest.requests.lazy.map(evidence.words), of: longest.requests.count)
          + ": no storage request is in flight"
          + (others == 0 ? "" : "; the same holds for \(Words.count(others, "other thread"))"),
        numbers: [
          .init("threads", waits.count), .init("waiting_ns", longest.duration),
          .init("in_flight", longest.requests.count),
        ],
        cure: evidence.canEnterWithoutIOWait
          ? nil : "Ignore it: a way to avoid it (IORING_ENTER_NO_IOWAIT) needs Linux 6.15.")
    ]
  }
}

/// A task that waits in `io_uring_enter` and is counted as iowait, although no request waits for
/// storage.
private struct IdleWait {
  var ring: Ring.ID
  var tid: UInt32
  /// Lower bound of the wait, in nanoseconds.
  var duration: UInt64
  /// Requests in flight on the ring; not empty.
  var requests: RequestList

  init?(_ ring: Ring, _ evidence: Evidence) {
    guard let waiter = ring.waiter, waiter.isInIOWait,
      let since = waiter.since ?? waiter.asleepSince
    else { return nil }
    self.ring = ring.id
    tid = waiter.tid
    duration = evidence.age(since: since, on: ring)
    requests = evidence.inFlight(on: ring.id)
    guard duration >= 1_000_000_000, !requests.isEmpty,
      evidence.hasNoStorage(on: ring, waiter.tgid)
    else { return nil }
  }
}

extension Evidence {
  /// True if every request of a process is known to wait for something other than storage.
  fileprivate func hasNoStorage(on ring: Ring, _ tgid: UInt32) -> Bool {
    openRings.allSatisfy { other in
      guard
        other.id == ring.id || other.ownerTgid == tgid
          || other.descriptors.contains(where: { $0.tgid == tgid })
      else { return true }
      return other.notListed == 0 && inFlight(on: other.id).allSatisfy(\.waitsWithoutStorage)
    }
  }

  fileprivate var canEnterWithoutIOWait: Bool {
    KernelRelease(snapshot.host.kernel).map { $0 >= KernelRelease(6, 15) } ?? true
  }
}

extension Request {
  fileprivate var waitsWithoutStorage: Bool {
    switch self.place {
    case .poll, .timeout, .linkTimeout, .futex, .waitid, .linked, .deferred: true
    default: [.pollArmed, .linked, .deferred].contains(self.state)
    }
  }
}
