import UringTrace

extension FindingRule {
  static let staleCompletion = FindingRule(
    "stale-completion", .spanOfEveryRequest,
    meaning:
      "A CQE has the same user_data as a request that was submitted later but ended earlier. If "
      + "user_data identifies an object, the program mistakes the older request's result for that of "
      + "the newer one.",
    cure:
      "Cancel a request and take its CQE before its user_data is used again, or make user_data unique, "
      + "for instance with a generation number in it."
  ) { evidence in
    guard evidence.isComplete else { return [] }
    return evidence.rings.compactMap { ring in
      let pairs = evidence.staleCompletions(on: ring)
      guard pairs.count >= 2, let older = evidence.request(pairs[0].older),
        let newer = evidence.request(pairs[0].newer)
      else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: [older.id, newer.id],
        requestCount: UInt64(pairs.count * 2),
        summary:
          "two requests with one user_data were in flight: \(evidence.words(newer)) ended first, and "
          + "\(Words.duration(older.lastTime.since(newer.lastTime))) later the older "
          + "\(evidence.words(older)), with the same user_data; this happened \(pairs.count) times"
          + evidence.reach(on: ring),
        numbers: [
          .init("times", pairs.count), .init("late_ns", older.lastTime.since(newer.lastTime)),
        ])
    }
  }
}

/// A read, for comparison with other reads that have the same user_data.
private struct Read {
  var id: Request.ID
  var start: UInt64
  var end: UInt64
  var opcode: Opcode
  var file: FileReference?
  var inode: UInt64
  var isError: Bool

  func isOfAnotherFile(than other: Read) -> Bool {
    inode != 0 && other.inode != 0 ? inode != other.inode : file != other.file
  }
}

extension Evidence {
  private static let least: UInt64 = 1_000_000

  /// Pairs of reads with one user_data and different files, of which the older read ended last. The
  /// newest pair is first.
  ///
  /// Leaves out a user_data that three requests have at one time, or that other operations also
  /// have: it identifies a kind of request, not an object.
  fileprivate func staleCompletions(on ring: Ring) -> [(older: Request.ID, newer: Request.ID)] {
    var reads: [UInt64: [Read]] = [:]
    var kinds: Set<UInt64> = [0]
    for request in inFlight(on: ring.id) where request.opcode.direction != .read {
      kinds.insert(request.userData)
    }
    forEachEnded(on: ring.id) { request in
      guard request.opcode.direction == .read else {
        kinds.insert(request.userData)
        return
      }
      guard request.hasResult, request.isStartKnown, !request.mayBeMultishot else { return }
      reads[request.userData, default: []].append(
        Read(
          id: request.id, start: request.startTime, end: request.lastTime, opcode: request.opcode,
          file: request.file, inode: request.fileIdentity?.inode ?? 0, isError: request.result < 0))
    }
    var pairs: [(older: Read, newer: Read)] = []
    for (userData, reads) in reads where reads.count >= 2 && !kinds.contains(userData) {
      pairs += Self.pairs(of: reads) ?? []
    }
    pairs.sort { $0.older.end > $1.older.end }
    return pairs.map { ($0.older.id, $0.newer.id) }
  }

  /// The pairs among reads with one user_data; nil if more than two of these were in flight at one
  /// time.
  private static func pairs(of reads: [Read]) -> [(older: Read, newer: Read)]? {
    let byStart = reads.sorted { $0.id < $1.id }
    var pairs: [(older: Read, newer: Read)] = []
    for (index, older) in byStart.enumerated() {
      let overlapping = byStart[(index + 1)...].prefix { $0.start < older.end }
      guard let newer = overlapping.first else { continue }
      guard overlapping.count == 1 else { return nil }
      if newer.end + least < older.end, newer.opcode == older.opcode, !newer.isError,
        !older.isError, newer.isOfAnotherFile(than: older)
      {
        pairs.append((older, newer))
      }
    }
    return pairs
  }
}
