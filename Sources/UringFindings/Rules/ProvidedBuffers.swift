import UringTrace

/// Rules about provided buffers.
extension FindingRule {
  static let buffersExhausted = FindingRule(
    "buffers-exhausted",
    meaning:
      "Requests failed with ENOBUFS: no provided buffer of their group was left, or the next "
      + "one could not be used.",
    cure:
      "Give buffers back sooner, or provide more of them; a multishot request that ended so must "
      + "be submitted again."
  ) { evidence in
    evidence.snapshot.buffers.compactMap { buffer in
      guard buffer.kind != .registered, buffer.exhaustedCount > 0 else { return nil }
      // These requests include multishot requests whose earlier CQEs moved data.
      let requests = evidence.refused(on: buffer.ring).filter {
        UInt32($0.sqe.buf_index) == buffer.index
      }
      guard !requests.isEmpty else { return nil }
      if let left = buffer.buffersLeft, left > 0 {
        return refused(buffer, left: left, requests, evidence)
      }
      return Sighting(
        // Occasional exhaustion is how a receiver throttles its peers.
        severity: buffer.exhaustedCount * 10 >= buffer.useCount ? .warn : .info,
        rings: [buffer.ring], requests: requests.reversed().map(\.id),
        summary: "group \(buffer.index) had no usable buffer "
          + Words.times(buffer.exhaustedCount)
          + (buffer.bufferCount > 0 ? " (\(buffer.bufferCount) in total)" : ""),
        numbers: [
          .init("exhausted", buffer.exhaustedCount), .init("buffers", buffer.bufferCount),
          .init("uses", buffer.useCount),
        ])
    } + evidence.rings.flatMap { refusedByNoGroup($0, evidence) }
  }

  /// Findings about ENOBUFS from groups of which no buffer was ever seen.
  private static func refusedByNoGroup(_ ring: Ring, _ evidence: Evidence) -> [Sighting] {
    // If the ring has had provided buffers, the group may have existed and been removed. If records
    // were lost, the record of its registration may be among them.
    guard !ring.hasProvidedBuffers, evidence.snapshot.lost.total == 0 else { return [] }
    let known = Set(
      evidence.snapshot.buffers.filter { $0.ring == ring.id && $0.kind != .registered }.map(\.index)
    )
    let requests = Dictionary(
      grouping: evidence.refused(on: ring.id).filter { !known.contains(UInt32($0.sqe.buf_index)) },
      by: \.sqe.buf_index)
    let failure = ring.failedRegistrations.last { $0.opcode == .registerProvidedRing }
    return requests.sorted { $0.key < $1.key }.map { group, requests in
      Sighting(
        severity: .warn, rings: [ring.id], requests: requests.reversed().map(\.id),
        summary:
          "\(evidence.words(requests[0])) failed with ENOBUFS\(Words.repeated(requests.count)): no buffer of "
          + "group \(group) was seen" + (failure.map { "; \(evidence.words($0))" } ?? ""),
        numbers: [
          .init("exhausted", requests.count), .init("failed_calls", failure?.count ?? 0),
        ],
        cure: failure == nil
          ? "Fill the group first: IORING_REGISTER_PBUF_RING or PROVIDE_BUFFERS, with the group that the request names."
          : "Check the result of io_uring_setup_buf_ring or io_uring_register_buf_ring: the number of entries must be a "
            + "power of two, the memory aligned to pages, and the group not in use.")
    }
  }

  /// A finding about ENOBUFS from a group that still had buffers when it was last read.
  private static func refused(
    _ buffer: Buffer, left: UInt32, _ requests: [Request], _ evidence: Evidence
  ) -> Sighting {
    let times = Words.times(buffer.exhaustedCount)
    let rest = buffer.bufferCount > 0 ? "\(left) of \(buffer.bufferCount)" : "\(left)"
    let summary = "\(evidence.words(requests[0])) failed with ENOBUFS (\(times)) though "
    let cause: (summary: String, meaning: String, cure: String)
    var isWrong = false
    if let head = buffer.head, head.address == 0 || head.length == 0 {
      isWrong = true
      let lack = head.address == 0 ? "address 0" : "length 0"
      cause = (
        "group \(buffer.index) has \(rest) left: the entry at the head (slot \(head.slot)) has \(lack)",
        "The kernel takes the entries of a buffer ring one after the other. It refuses one without memory, and "
          + "never gets past it.",
        "Write every entry up to the tail. An unwritten entry usually results from a wrong mask: "
          + "io_uring_buf_ring_add takes io_uring_buf_ring_mask(entries), the number of entries minus 1."
      )
    } else {
      cause = (
        "group \(buffer.index) has \(rest) at the last look",
        "The buffers were given back since, or the one that is next cannot be used.",
        "If none was given back since, check the entry at the head of the buffer ring: its address, and the mask "
          + "that io_uring_buf_ring_add was called with."
      )
    }
    return Sighting(
      severity: isWrong || buffer.exhaustedCount * 10 >= buffer.useCount ? .warn : .info,
      rings: [buffer.ring], requests: requests.reversed().map(\.id),
      requestCount: buffer.exhaustedCount, summary: summary + cause.summary,
      numbers: [
        .init("exhausted", buffer.exhaustedCount), .init("buffers", buffer.bufferCount),
        .init("left", left), .init("uses", buffer.useCount),
      ], meaning: cause.meaning, cure: cause.cure)
  }

  static let bufferTwice = FindingRule(
    "buffer-twice",
    meaning:
      "A buffer was in its group's ring twice, so two requests get it: the second fills it while the first one's "
      + "data may still be in use.",
    cure: "Give each buffer back once, when its data has been used."
  ) { evidence in
    evidence.snapshot.buffers.compactMap { buffer in
      guard let twice = buffer.twice, evidence.age(since: twice.time) <= evidence.span else {
        return nil
      }
      let times =
        twice.count == 1 ? "" : " (the last of \(twice.count) submissions at which a buffer was)"
      let users = evidence.users(of: twice, in: buffer)
      var summary =
        "buffer \(twice.bid) of group \(buffer.index) was in the buffer ring twice\(times)"
      if let (first, second) = users {
        summary =
          "\(evidence.words(second)) got buffer \(twice.bid) of group \(buffer.index), which "
          + "\(evidence.words(first)) had got "
          + "\(Words.duration(second.lastTime.since(first.lastTime))) before: two requests got one buffer, which was "
          + "in the buffer ring twice\(times)"
      }
      return Sighting(
        severity: .warn, rings: [buffer.ring],
        requests: users.map { [$0.second.id, $0.first.id] } ?? [],
        requestCount: users == nil ? 0 : 2, summary: summary,
        numbers: [.init("buffer", twice.bid), .init("times", twice.count)])
    }
  }
}

extension Evidence {
  /// Requests that got no provided buffer, newest first.
  fileprivate func refused(on ring: Ring.ID) -> [Request] {
    ended(on: ring) { request in
      request.hasResult && request.result == -ErrorNumber.noBuffers.rawValue
        && SQEFlags(requestFlags: request.flags).contains(.bufferSelect)
    }
  }

  /// The first two requests that got the buffer after it was found twice in its buffer ring. The
  /// search begins at the last but one time that it was found twice, because the requests that got
  /// it after the last time may still be in flight.
  fileprivate func users(
    of twice: ProvidedTwice, in buffer: Buffer
  ) -> (first: Request, second: Request)? {
    let start = twice.earlierTime == 0 ? twice.time : twice.earlierTime
    let users = ended(on: buffer.ring, within: .history) { request in
      request.isSQEKnown && UInt32(request.sqe.buf_index) == buffer.index
        && request.lastTime >= start
        && CQEFlags(rawValue: request.cqeFlags).bufferID == twice.bid
        && SQEFlags(requestFlags: request.flags).contains(.bufferSelect)
    }
    // The requests are newest first.
    guard users.count >= 2 else { return nil }
    return (users[users.count - 1], users[users.count - 2])
  }
}
