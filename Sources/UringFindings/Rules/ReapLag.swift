import UringTrace

extension FindingRule {
  static let reapLag = FindingRule(
    "reap-lag",
    meaning:
      "CQEs stay in the queue while the thread that reaps them sleeps elsewhere: its sleep is added "
      + "to their latency.",
    cure:
      "Wait for completions in io_uring_enter (io_uring_wait_cqe), with a timeout if there is other work, or for an "
      + "eventfd of the ring (io_uring_register_eventfd), instead of looking at the queue afterwards."
  ) { evidence in
    let start = evidence.snapshot.time.since(evidence.span)
    return evidence.rings.compactMap { ring in
      let lags = ring.reapLags.filter {
        $0.lastUnread >= start && $0.duration >= least && !$0.call.isEmpty && $0.isOver(ring)
      }
      guard let worst = lags.max(by: { $0.duration < $1.duration }) else { return nil }
      let request = evidence.request(that: worst, on: ring)
      let thread = Words.thread(worst.tid, in: evidence.snapshot)
      let others =
        lags.count == 1 ? "" : " (the longest of \(lags.count) observed delays)"
      let reaped = worst.count > 1 ? "them" : "it"
      return Sighting(
        severity: .warn, rings: [ring.id], requests: request.map { [$0.id] } ?? [],
        summary: (request.map { "the CQE of \(evidence.words($0))" }
          ?? "a CQE with user_data 0x\(String(worst.userData, radix: 16))")
          + (worst.count > 1 ? " and \(worst.count - 1) more" : "")
          + " stayed in the queue for \(Words.duration(worst.duration))\(others) while thread \(thread), which "
          + "reaps \(reaped), was blocked in \(worst.call)()",
        numbers: [
          .init("lag_ns", worst.duration), .init("times", lags.count), .init("cqes", worst.count),
        ])
    }
  }

  /// Shortest delay that is reported, in nanoseconds. Shorter delays can be caused by a busy
  /// scheduler.
  private static let least: UInt64 = 50_000_000
}

extension ReapLag {
  /// True if the CQEs were taken. `unreaped-cqes` is about CQEs that are still in the queue.
  fileprivate func isOver(_ ring: Ring) -> Bool {
    taken != 0 || ring.isClosed || ring.cqPendingSince == 0 || ring.cqPendingSince > lastUnread
  }

  /// Lower bound of the delay, in nanoseconds.
  fileprivate var duration: UInt64 { lastUnread.since(firstUnread) }
}

extension Evidence {
  /// The request whose CQE stayed in the queue: the last request with the CQE's user_data that had
  /// completed when the CQE was first observed.
  fileprivate func request(that lag: ReapLag, on ring: Ring) -> Request? {
    // Samples of the queue are at least 5 ms apart, so the CQE was posted before the first sample
    // that found it.
    let found = ended(on: ring.id, within: .history) {
      $0.userData == lag.userData && $0.cqeCount > 0 && $0.lastTime <= lag.firstUnread
    }
    return found.first
  }
}
