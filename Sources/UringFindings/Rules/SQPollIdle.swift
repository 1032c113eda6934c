import UringTrace

extension FindingRule {
  static let sqpollIdle = FindingRule(
    "sqpoll-idle",
    .condition(
      lasting: 3_000_000_000, on: hasSQThread),
    meaning:
      "The SQ thread spins on a queue that is almost always empty: it uses far more CPU time "
      + "than one system call for each request would.",
    cure:
      "Set a shorter sq_thread_idle, let rings share the thread (IORING_SETUP_ATTACH_WQ), or do "
      + "not use SQPOLL."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      let life = evidence.life(of: ring)
      let time = evidence.sqThreadTime(of: ring)
      let submitted = evidence.counts(of: ring).submitted
      // At least a fifth of a processor, and at least a millisecond for each request. A system call
      // would cost about a microsecond.
      guard ring.setupFlags.contains(.sqPoll), life >= 3_000_000_000, time >= 1_000_000_000,
        time * 5 >= life, time / 1_000_000 >= submitted
      else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: evidence.newest(on: ring),
        requestCount: submitted,
        summary:
          "thread \(ring.sqThreadTid) used \(Words.percent(time, of: life)) % of a processor "
          + "for \(Words.count(submitted, "request")) in \(Words.duration(life))",
        numbers: [
          .init("cpu_ns", time), .init("share_percent", Words.percent(time, of: life)),
          .init("requests", submitted),
        ])
    }
  }
}
