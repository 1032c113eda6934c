extension FindingRule {
  static let brokenChain = FindingRule(
    "broken-chain",
    meaning: "A request failed or moved less than it was asked to, so the kernel cancelled those "
      + "linked behind it.",
    cure: "Handle the named request's result, not the -ECANCELED behind it; IOSQE_IO_HARDLINK lets "
      + "the rest run all the same."
  ) { evidence in
    var kinds: [BreakKind: [Break]] = [:]
    let start = evidence.snapshot.time.since(evidence.span)
    for chain in evidence.snapshot.chains where chain.brokenBy != 0 {
      guard let cause = chain.members.first(where: { $0.request == chain.brokenBy }),
        let request = evidence.request(chain.brokenBy), request.lastTime >= start,
        let result = cause.result
      else { continue }
      let kind = BreakKind(ring: chain.ring, opcode: cause.opcode, error: min(result, 0))
      let cancelled = chain.members.filter(\.isCancelled).map(\.request)
      kinds[kind, default: []].append(Break(cause: request, result: result, cancelled: cancelled))
    }
    return kinds.sorted { $0.value[0].cause.id < $1.value[0].cause.id }.map { kind, breaks in
      let first = breaks[0]
      let how =
        kind.error < 0
        ? "failed with \(Words.error(kind.error))"
        : "moved \(first.result) of \(first.cause.sqe.len) bytes"
      let cancelled = breaks.reduce(0) { $0 + $1.cancelled.count }
      return Sighting(
        // Cancelling and link timeouts break chains on purpose.
        severity: kind.error == -ErrorNumber.canceled.rawValue || kind.opcode == .linkTimeout
          ? .info : .warn,
        rings: [kind.ring],
        requests: breaks.count == 1
          ? [first.cause.id] + first.cancelled : breaks.map(\.cause.id),
        requestCount: UInt64(breaks.count + cancelled),
        summary: "\(evidence.words(first.cause)) \(how) and broke its chain: "
          + "\(Words.count(cancelled, "request")) cancelled"
          + (breaks.count > 1 ? " in \(breaks.count) chains" : ""),
        numbers: [.init("chains", breaks.count), .init("cancelled", cancelled)])
    }
  }
}

/// Chains that broke alike.
private struct BreakKind: Hashable {
  var ring: Ring.ID
  var opcode: Opcode
  /// Negative errno, 0 for a short transfer.
  var error: Int32
}

private struct Break {
  var cause: Request
  var result: Int32
  var cancelled: [Request.ID]
}
