import UringTrace

extension FindingRule {
  static let unlistedRequests = FindingRule(
    "unlisted-requests", .suspicion(lasting: 0, needs: .everyRequest),
    meaning: "The ring's own counter includes requests that cannot be listed: they are older than "
      + "the observation, and io_uring keeps them on no list.",
    cure: "Start uringtop before the program, or start the program from uringtop (-- COMMAND), to "
      + "see what they are."
  ) { evidence in
    guard evidence.isComplete else { return [] }
    return evidence.openRings.compactMap { ring in
      guard ring.notListed > 0, let balance = ring.balance else { return nil }
      let isOne = ring.notListed == 1
      let listed = evidence.inFlight(on: ring.id).count
      return Sighting(
        severity: .info, rings: [ring.id], requestCount: ring.notListed,
        summary: "\(Words.count(ring.notListed, "request")) in flight \(isOne ? "is" : "are") not "
          + "listed, beside \(listed) that \(listed == 1 ? "is" : "are"): "
          + evidence.holder(of: ring, isOne: isOne),
        numbers: [
          .init("not_listed", ring.notListed), .init("outstanding", balance.outstanding),
          .init("reached", balance.reached),
        ])
    }
  }
}

extension Evidence {
  /// Possible holders of the requests that are on none of io_uring's lists.
  fileprivate func holder(of ring: Ring, isOne: Bool) -> String {
    let sends = snapshot.latency.contains {
      $0.ring == ring.id && $0.opcode.isZeroCopySend
    }
    let network =
      "the network stack (\(isOne ? "the notification of a zero-copy send" : "notifications of zero-copy sends"), "
      + "until the peer has the data)"
    return sends
      ? "the ring sends with SEND_ZC, so probably with \(network)"
      : "with \(network), a driver (URING_CMD), or the block layer"
  }
}
