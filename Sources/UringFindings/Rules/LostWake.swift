import UringTrace

extension FindingRule {
  static let lostWake = FindingRule(
    "lost-wake", .suspicion(lasting: 3_000_000_000),
    meaning:
      "A futex word has changed, but the request that waits on it was not woken and still sleeps.",
    cure:
      "Wake the futex after each store that a waiter waits for (FUTEX_WAKE, IORING_OP_FUTEX_WAKE), with the "
      + "same address and the same private flag as the wait."
  ) { evidence in
    guard let waits = evidence.waits else { return [] }
    return evidence.openRings.compactMap { ring in
      let lost = evidence.inFlight(on: ring.id).compactMap { request in
        waits.changedWord(of: request).map { (request, $0) }
      }
      guard let (request, word) = lost.first else { return nil }
      let isDead = evidence.deadlocks.contains { $0.requests.contains(request.id) }
      return Sighting(
        severity: isDead ? .crit : .warn, rings: [ring.id], requests: lost.map(\.0.id),
        summary: "\(waits.words(request)) sleeps although the futex at 0x"
          + "\(String(word.address, radix: 16)) holds \(word.value) and it expects "
          + "\(UInt32(truncatingIfNeeded: request.sqe.off)): the word has changed without a wake"
          + (isDead ? "; every thread that could wake it waits as well" : "")
          + (lost.count > 1 ? "; and \(lost.count - 1) more" : ""),
        numbers: [
          .init("value", word.value),
          .init("expected", UInt32(truncatingIfNeeded: request.sqe.off)),
          .init("requests", lost.count),
        ])
    }
  }
}

extension WaitGraph {
  /// The futex word of a FUTEX_WAIT, if its value is no longer the one that the request expects:
  /// the request should have been woken. Otherwise nil.
  func changedWord(of request: Request) -> FutexWord? {
    guard request.opcode == .futexWait, request.place == .futex, request.knows(.off),
      request.lastTime <= facts.time,
      let word = facts.futexes.first(where: {
        $0.tgid == request.submitterTgid && $0.address == request.sqe.addr
      }), word.value != UInt32(truncatingIfNeeded: request.sqe.off)
    else { return nil }
    return word
  }
}
