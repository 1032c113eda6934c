extension FindingRule {
  static let drainStall = FindingRule(
    "drain-stall", .condition(lasting: 1_000_000_000),
    meaning: "A request with IOSQE_IO_DRAIN waits for all before it, and all after it wait too.",
    cure: "Link what depends on each other (IOSQE_IO_LINK) instead of draining a ring that has "
      + "requests of unknown length."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      let requests = evidence.inFlight(on: ring.id)
      let held = requests.filter { $0.state == .deferred }
      guard let first = held.first, evidence.age(since: first.startTime) >= 1_000_000_000,
        let cause = requests.first(where: {
          $0.state != .deferred && $0.state != .linked && $0.startTime <= first.startTime
        })
      else { return nil }
      let age = evidence.age(since: first.startTime)
      return Sighting(
        severity: .warn, rings: [ring.id], requests: [cause.id] + held.map(\.id),
        summary: "\(Words.count(held.count, "request")) held back for \(Words.duration(age)), "
          + "until \(evidence.words(cause)) ends",
        numbers: [.init("held", held.count), .init("age_ns", age)])
    }
  }
}
