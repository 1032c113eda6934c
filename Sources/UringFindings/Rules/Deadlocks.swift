import UringTrace

extension FindingRule {
  static let deadlock = FindingRule(
    "deadlock", .suspicion(lasting: 3_000_000_000, needs: .requestsInFlight),
    meaning:
      "Threads and requests wait for each other: each wait can end only after another of them has "
      + "ended.",
    cure:
      "Break the cycle: let a thread that does not wait end one of these waits, change the order in which "
      + "they are started, or guard one with a timeout (IORING_OP_LINK_TIMEOUT)."
  ) { evidence in
    guard let graph = evidence.waits else { return [] }
    let explained = Set(
      evidence.snapshot.requests.filter {
        graph.changedWord(of: $0) != nil || graph.blockingPipe(of: $0) != nil
      }.map(\.id))
    return evidence.deadlocks.compactMap { deadlock in
      // The rules `lost-wake` and `worker-blocked` are more specific about these requests.
      guard explained.isDisjoint(with: deadlock.requests) else { return nil }
      let since = deadlock.threads.compactMap { graph.thread($0)?.since }.max() ?? 0
      let clauses = deadlock.clauses()
      let age = evidence.age(since: since)
      return Sighting(
        severity: .crit, rings: deadlock.rings, requests: deadlock.requests,
        summary: "\(Words.count(deadlock.threads.count, "thread")) can never wake, for "
          + "\(Words.duration(age)) so far: " + Words.clauses(clauses),
        numbers: [
          .init("threads", deadlock.threads.count), .init("requests", deadlock.requests.count),
          .init("waiting_ns", age),
        ],
        edges: deadlock.edges(graph))
    }
  }
}

extension Words {
  /// Joins clauses into one sentence. For a large cycle it contains only the first clauses;
  /// ``Finding/edges`` contains the whole cycle.
  static func clauses(_ clauses: [String], shown: Int = 16) -> String {
    clauses.prefix(shown).joined(separator: "; ")
      + (clauses.count > shown ? "; and \(clauses.count - shown) more" : "")
  }
}
