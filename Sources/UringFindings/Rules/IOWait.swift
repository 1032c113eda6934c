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
    evidence.openRings.compactMap { ring in
      guard let waiter = ring.waiter, waiter.isInIOWait,
        let since = waiter.since ?? waiter.asleepSince,
        evidence.age(since: since) >= 1_000_000_000, evidence.hasNoStorage(on: ring, waiter.tgid)
      else { return nil }
      let requests = evidence.inFlight(on: ring.id)
      guard !requests.isEmpty else { return nil }
      let age = evidence.age(since: since)
      return Sighting(
        severity: .info, rings: [ring.id], requests: requests.map(\.id),
        summary: "thread \(Words.thread(waiter.tid, in: evidence.snapshot)) has waited "
          + "\(Words.duration(age)) in io_uring_enter, which counts as iowait, for "
          + Words.list(requests.map(evidence.words), of: requests.count)
          + ": no storage request is in flight",
        numbers: [.init("waiting_ns", age), .init("in_flight", requests.count)],
        cure: evidence.canEnterWithoutIOWait
          ? nil : "Ignore it: a way to avoid it (IORING_ENTER_NO_IOWAIT) needs Linux 6.15.")
    }
  }
}

extension Evidence {
  /// Every request of a process is known to wait for something else than storage.
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
    switch place {
    case .poll, .timeout, .linkTimeout, .futex, .waitid, .linked, .deferred: true
    default: [.pollArmed, .linked, .deferred].contains(state)
    }
  }
}
