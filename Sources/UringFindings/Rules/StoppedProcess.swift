import UringTrace

extension FindingRule {
  static let stoppedProcess = FindingRule(
    "stopped-process",
    meaning:
      "Every thread of the process that serves the ring is stopped by a signal or a debugger: nobody "
      + "submits, takes completions or runs their task work.",
    cure: "Continue it with SIGCONT, or detach the debugger."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      let requests = evidence.inFlight(on: ring.id)
      let holders = Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
      let stopped = holders.sorted().compactMap { evidence.stopped(of: $0) }
      guard !stopped.isEmpty, stopped.count == holders.count,
        ring.cqPending > 0 || !requests.isEmpty
      else { return nil }
      let ready = requests.filter { $0.state == .taskWork }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: (ready.map(\.id) + requests.map(\.id)).unique,
        requestCount: UInt64(requests.count),
        summary: stopped.joined(separator: ", ") + ", with "
          + "\(Words.count(requests.count, "request")) in flight"
          + (ready.isEmpty ? "" : "; \(ready.count) ready, whose task work waits for it to run")
          + (ring.cqPending > 0 ? " and \(Words.count(ring.cqPending, "unreaped CQE"))" : ""),
        numbers: [
          .init("in_flight", requests.count), .init("task_work", ready.count),
          .init("cq_pending", ring.cqPending),
        ])
    }
  }
}

extension [Request.ID] {
  fileprivate var unique: [Request.ID] {
    var seen: Set<Request.ID> = []
    return filter { seen.insert($0).inserted }
  }
}
