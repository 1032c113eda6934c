import UringTrace

extension FindingRule {
  static let staleCompletion = FindingRule(
    "stale-completion", .spanOfEveryRequest,
    meaning:
      "A CQE carries the user_data of a request that was submitted later and had ended before: if user_data stands "
      + "for an object, the program takes the older request's result for that of the newer one.",
    cure:
      "Cancel a request and take its CQE before its user_data is used again, or make user_data unique, as by a "
      + "generation in it."
  ) { evidence in
    guard evidence.isComplete else { return [] }
    return evidence.rings.compactMap { ring in
      let pairs = evidence.staleCompletions(on: ring)
      guard pairs.count >= 2, let (older, newer) = pairs.first else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: [older.id, newer.id],
        requestCount: UInt64(pairs.count * 2),
        summary:
          "two requests with one user_data were in flight: \(evidence.words(newer)) ended first, and "
          + "\(Words.duration(older.lastTime.since(newer.lastTime))) later the older "
          + "\(evidence.words(older)), with the same user_data; so \(pairs.count) times",
        numbers: [
          .init("times", pairs.count), .init("late_ns", older.lastTime.since(newer.lastTime)),
        ])
    }
  }
}

extension Evidence {
  private static let least: UInt64 = 1_000_000

  /// Reads of different files with the same user_data, of which the older ended last: newest first.
  ///
  /// A user_data that three requests have at one time names a kind, not an object.
  fileprivate func staleCompletions(on ring: Ring) -> [(older: Request, newer: Request)] {
    var users: [UInt64: [Request]] = [:]
    let reads = ended(on: ring.id) {
      $0.userData != 0 && $0.hasResult && $0.isStartKnown && !$0.mayBeMultishot
        && $0.opcode.properties.direction == .read
    }
    for request in reads { users[request.userData, default: []].append(request) }
    // A user_data that other operations have as well is none of an object's.
    var kinds: Set<UInt64> = []
    for request in inFlight(on: ring.id) where request.opcode.properties.direction != .read {
      kinds.insert(request.userData)
    }
    forEachEnded(on: ring.id) {
      if $0.opcode.properties.direction != .read { kinds.insert($0.userData) }
    }
    var pairs: [(older: Request, newer: Request)] = []
    for (userData, requests) in users where requests.count >= 2 && !kinds.contains(userData) {
      let found = pairsOf(requests)
      pairs += found ?? []
    }
    return pairs.sorted { $0.older.lastTime > $1.older.lastTime }
  }

  /// Nil if more than two were in flight at one time.
  private func pairsOf(_ requests: [Request]) -> [(older: Request, newer: Request)]? {
    let byStart = requests.sorted { $0.id < $1.id }
    var pairs: [(older: Request, newer: Request)] = []
    for (index, older) in byStart.enumerated() {
      let overlapping = byStart[(index + 1)...].prefix { $0.startTime < older.lastTime }
      guard let newer = overlapping.first else { continue }
      guard overlapping.count == 1 else { return nil }
      if newer.lastTime + Self.least < older.lastTime, newer.opcode == older.opcode,
        newer.result >= 0, older.result >= 0, newer.differsInFile(from: older)
      {
        pairs.append((older, newer))
      }
    }
    return pairs
  }
}

extension Request {
  fileprivate func differsInFile(from other: Request) -> Bool {
    if let file = fileIdentity, let otherFile = other.fileIdentity { return file != otherFile }
    return file != other.file
  }
}
