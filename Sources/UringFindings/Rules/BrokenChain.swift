import UringTrace

extension FindingRule {
  static let brokenChain = FindingRule(
    "broken-chain",
    meaning: "A request failed or moved fewer bytes than requested, so the kernel cancelled the "
      + "requests linked behind it.",
    cure: "Handle the named request's result, not the -ECANCELED behind it; with IOSQE_IO_HARDLINK "
      + "the requests behind it run regardless."
  ) { evidence in
    let keptBreaks = evidence.keptBreaks()
    return evidence.rings.flatMap { ring in
      evidence.chainBreaks(of: ring).compactMap { breaks in
        let kept = keptBreaks[ring.id]?[breaks.kind] ?? []
        return breaks.kind.errno == ErrorNumber.canceled.rawValue
          ? cancellation(kept, on: ring, evidence) : failure(breaks, kept, on: ring, evidence)
      }
    }
  }

  private static func failure(
    _ breaks: ChainBreaks, _ kept: [Break], on ring: Ring, _ evidence: Evidence
  ) -> Sighting {
    let cancelled = Words.count(breaks.cancelled, "request") + " cancelled"
    let summary =
      if let first = kept.first {
        "\(evidence.words(first.cause)) \(first.outcome) and broke its chain: \(cancelled)"
          + (breaks.chains > 1 ? " in \(breaks.chains) chains" : "")
      } else {
        "\(breaks.kind.opcode.name) requests \(breaks.kind.outcome) and broke "
          + "\(Words.count(breaks.chains, "chain")): \(cancelled)"
      }
    return Sighting(
      // A link timeout breaks its chain on purpose, so it is no reason for a warning.
      severity: breaks.kind.opcode == .linkTimeout ? .info : .warn, rings: [ring.id],
      requests: breaks.chains == 1
        ? kept.flatMap { [$0.cause.id] + $0.cancelled } : kept.map(\.cause.id),
      requestCount: breaks.chains + breaks.cancelled, summary: summary,
      numbers: [.init("chains", breaks.chains), .init("cancelled", breaks.cancelled)])
  }

  /// The finding about chains that broke because one of their requests was cancelled: the request
  /// that cancelled it is the cause. Nil if the close of the ring is the cause.
  private static func cancellation(
    _ breaks: [Break], on ring: Ring, _ evidence: Evidence
  ) -> Sighting? {
    guard let first = breaks.first else { return nil }
    let canceller = evidence.canceller(of: first.cause)
    if canceller == nil, evidence.endedWithItsRing(first.cause) { return nil }
    let cancelled = breaks.reduce(0) { $0 + $1.cancelled.count }
    let by = canceller.map { " by \(evidence.words($0))" } ?? " (canceller not observed)"
    return Sighting(
      severity: .info, rings: [ring.id],
      requests: breaks.count == 1
        ? [first.cause.id] + first.cancelled + (canceller.map { [$0.id] } ?? [])
        : breaks.map(\.cause.id),
      requestCount: UInt64(breaks.count + cancelled),
      summary: "\(evidence.words(first.cause)) was cancelled\(by), together with "
        + "\(Words.count(cancelled, "request")) behind it"
        + (breaks.count > 1 ? " in \(breaks.count) chains" : "") + evidence.reach(on: ring),
      numbers: [.init("chains", breaks.count), .init("cancelled", cancelled)],
      meaning: "A request was cancelled, and the kernel cancelled the requests linked behind it.",
      cure: canceller == nil
        ? "If this is not intended: a request is cancelled by an ASYNC_CANCEL, by the exit of the "
          + "thread that submitted it, or by the close of its ring."
        : "If the requests behind it should run regardless, use IOSQE_IO_HARDLINK.")
  }
}

/// A broken chain whose requests are still known.
private struct Break {
  var cause: Request
  var result: Int32
  var cancelled: [Request.ID]

  /// The outcome of the request that broke the chain, in words: `failed with EPIPE`.
  var outcome: String {
    let properties = cause.opcode.properties
    if result < 0 { return "failed with \(Words.error(result))" }
    if properties.direction == .read, result == 0 { return "found the end of its file" }
    guard properties.direction != .none else { return "ended with \(result)" }
    guard properties.length == .bytes else { return "moved fewer bytes than asked for (\(result))" }
    return "moved \(result) of \(cause.sqe.len) bytes"
  }
}

extension ChainBreaks.Kind {
  /// The outcome of the requests that broke chains, in words: `failed with EPIPE`.
  fileprivate var outcome: String {
    errno == 0 ? "moved fewer bytes than asked for" : "failed with \(Words.error(0 &- errno))"
  }
}

extension Evidence {
  /// The chains that broke within the span and are still known, oldest first, by ring and by the way
  /// in which they broke.
  fileprivate func keptBreaks() -> [Ring.ID: [ChainBreaks.Kind: [Break]]] {
    var breaks: [Ring.ID: [ChainBreaks.Kind: [Break]]] = [:]
    for chain in snapshot.chains {
      guard let kind = chain.breakKind, let cause = chain.cause, let result = cause.result,
        let request = request(cause.request), age(since: request.lastTime) <= span
      else { continue }
      breaks[chain.ring, default: [:]][kind, default: []].append(
        Break(cause: request, result: result, cancelled: chain.cancelled))
    }
    return breaks
  }

  /// True if the request's ring is closed, and nothing was submitted to the ring after the request
  /// ended.
  fileprivate func endedWithItsRing(_ request: Request) -> Bool {
    guard rings.contains(where: { $0.id == request.ring && $0.isClosed }) else { return false }
    return ended(on: request.ring, within: .history) { $0.startTime > request.lastTime }.isEmpty
  }

  /// The request that cancelled `request`. Nil unless exactly one cancelling request of the ring
  /// named it by its `user_data`.
  fileprivate func canceller(of request: Request) -> Request? {
    let found = ended(on: request.ring, within: .history) { $0.hasCancelled(request) }
    return found.count == 1 ? found[0] : nil
  }
}
