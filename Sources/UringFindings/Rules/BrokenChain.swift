import UringTrace

extension FindingRule {
  static let brokenChain = FindingRule(
    "broken-chain",
    meaning: "A request failed or moved fewer bytes than requested, so the kernel cancelled the "
      + "requests linked behind it.",
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
      // The LINK_TIMEOUT of a failed request is always cancelled with it; that is no loss.
      let cancelled = chain.members.filter { $0.isCancelled && $0.opcode != .linkTimeout }
        .map(\.request)
      guard !cancelled.isEmpty else { continue }
      let kind = BreakKind(ring: chain.ring, opcode: cause.opcode, error: min(result, 0))
      kinds[kind, default: []].append(Break(cause: request, result: result, cancelled: cancelled))
    }
    return kinds.sorted { $0.value[0].cause.id < $1.value[0].cause.id }.compactMap { kind, breaks in
      kind.isCancellation
        ? cancellation(breaks, kind, evidence) : failure(breaks, kind, evidence)
    }
  }

  private static func failure(
    _ breaks: [Break], _ kind: BreakKind, _ evidence: Evidence
  ) -> Sighting {
    let first = breaks[0]
    let cancelled = breaks.reduce(0) { $0 + $1.cancelled.count }
    return Sighting(
      // Link timeouts break chains on purpose.
      severity: kind.opcode == .linkTimeout ? .info : .warn, rings: [kind.ring],
      requests: breaks.count == 1
        ? [first.cause.id] + first.cancelled : breaks.map(\.cause.id),
      requestCount: UInt64(breaks.count + cancelled),
      summary: "\(evidence.words(first.cause)) \(first.outcome) and broke its chain: "
        + "\(Words.count(cancelled, "request")) cancelled"
        + (breaks.count > 1 ? " in \(breaks.count) chains" : ""),
      numbers: [.init("chains", breaks.count), .init("cancelled", cancelled)])
  }

  /// The finding about chains broken by a request that was itself cancelled: the canceller is the cause. Nil if the end
  /// of the ring is the cause.
  private static func cancellation(
    _ breaks: [Break], _ kind: BreakKind, _ evidence: Evidence
  ) -> Sighting? {
    let first = breaks[0]
    let canceller = evidence.canceller(of: first.cause)
    if canceller == nil, evidence.endedWithItsRing(first.cause) { return nil }
    let cancelled = breaks.reduce(0) { $0 + $1.cancelled.count }
    let by = canceller.map { " by \(evidence.words($0))" } ?? " (canceller not observed)"
    return Sighting(
      severity: .info, rings: [kind.ring],
      requests: breaks.count == 1
        ? [first.cause.id] + first.cancelled + (canceller.map { [$0.id] } ?? [])
        : breaks.map(\.cause.id),
      requestCount: UInt64(breaks.count + cancelled),
      summary: "\(evidence.words(first.cause)) was cancelled\(by), together with "
        + "\(Words.count(cancelled, "request")) behind it"
        + (breaks.count > 1 ? " in \(breaks.count) chains" : ""),
      numbers: [.init("chains", breaks.count), .init("cancelled", cancelled)],
      meaning: "A request was cancelled, and the kernel cancelled the requests linked behind it.",
      cure: canceller == nil
        ? "If this is not intended: a request is cancelled by an ASYNC_CANCEL, by the exit of the "
          + "thread that submitted it, or by the close of its ring."
        : "If the rest should run all the same, use IOSQE_IO_HARDLINK.")
  }
}

/// Chains that broke in the same way.
private struct BreakKind: Hashable {
  var ring: Ring.ID
  var opcode: Opcode
  /// Negative errno of the cause; 0 for a short transfer.
  var error: Int32

  var isCancellation: Bool { error == -ErrorNumber.canceled.rawValue }
}

private struct Break {
  var cause: Request
  var result: Int32
  var cancelled: [Request.ID]

  /// The end of the cause in words: `failed with EPIPE`.
  var outcome: String {
    let properties = cause.opcode.properties
    if result < 0 { return "failed with \(Words.error(result))" }
    if properties.direction == .read, result == 0 { return "found the end of its file" }
    guard properties.direction != .none else { return "ended with \(result)" }
    guard properties.length == .bytes else { return "moved fewer bytes than asked for (\(result))" }
    return "moved \(result) of \(cause.sqe.len) bytes"
  }
}

extension Evidence {
  /// True if the request's ring is closed, and nothing was submitted to the ring after the request ended.
  fileprivate func endedWithItsRing(_ request: Request) -> Bool {
    guard rings.contains(where: { $0.id == request.ring && $0.isClosed }) else { return false }
    return ended(on: request.ring, within: .history) { $0.startTime > request.lastTime }.isEmpty
  }

  /// The request that cancelled another request of its ring; nil unless exactly one named that
  /// request by its `user_data`.
  fileprivate func canceller(of request: Request) -> Request? {
    let found = ended(on: request.ring, within: .history) { $0.hasCancelled(request) }
    return found.count == 1 ? found[0] : nil
  }
}
