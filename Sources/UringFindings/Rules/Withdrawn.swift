import UringTrace

/// Rules about registered buffers and files that were removed from a ring's table while requests
/// use them.
extension FindingRule {
  static let withdrawnBuffer = FindingRule(
    "withdrawn-buffer", .condition(lasting: patience),
    meaning: "A registered buffer was unregistered or replaced while requests use it: it stays "
      + "pinned until the last of them ends.",
    cure:
      "Wait for the requests that use a buffer, or cancel them, before taking it out of the table."
  ) { evidence in
    evidence.snapshot.buffers.compactMap { buffer in
      guard buffer.isWithdrawn, let oldest = buffer.borrowers.first,
        // Other providers regularly withdraw buffers that requests still borrow. The rule
        // `group-condition` reports buffers that are given back late.
        buffer.provider.isLongLived,
        let request = evidence.request(oldest),
        evidence.age(since: request.startTime) >= patience
      else { return nil }
      let isReplaced = evidence.snapshot.buffers.contains {
        $0.ring == buffer.ring && $0.kind == buffer.kind && $0.index == buffer.index
          && !$0.isWithdrawn
      }
      return Sighting(
        severity: evidence.isDeadlocked([request]) ? .crit : .warn, rings: [buffer.ring],
        requests: buffer.borrowers,
        summary: "registered buffer \(buffer.index) was "
          + (isReplaced ? "replaced" : "unregistered, or its slot emptied,")
          + " while \(evidence.words(request))"
          + (buffer.borrowers.count > 1
            ? " and \(buffer.borrowers.count - 1) more use it" : " uses it"),
        numbers: [
          .init("borrowers", buffer.borrowers.count), .init("length", buffer.length),
          .init("age_ns", evidence.age(since: request.startTime)),
        ])
    }
  }

  static let withdrawnFile = FindingRule(
    "withdrawn-file", .condition(lasting: patience),
    meaning:
      "A request keeps a registered file open after its removal from the table: a peer does not see the "
      + "close, and data still arrives in the request's buffer.",
    cure:
      "Wait for the requests on a registered file, or cancel them (ASYNC_CANCEL with IORING_ASYNC_CANCEL_FD and "
      + "IORING_ASYNC_CANCEL_FD_FIXED), before its slot changes."
  ) { evidence in
    evidence.openRings.flatMap { ring -> [Sighting] in
      guard let time = ring.balance?.time, ring.isFileTableListed else { return [] }
      var slots: [UInt32: FileIdentity] = [:]
      for file in ring.files { slots[file.index] = file.identity }
      let files = evidence.inFlight(on: ring.id).grouped { request -> FileIdentity? in
        // `time` is that of the inventory walk (BPF iterator) that read the table. Only requests
        // that already held their file at that time can be compared with the table.
        guard request.hasFile(since: time), case .fixed(let index)? = request.file,
          let file = request.fileIdentity,
          slots[index] != file, evidence.age(since: request.startTime) >= patience
        else { return nil }
        return file
      }
      return files.map { _, requests in
        evidence.sighting(of: requests, on: ring, slots)
      }
    }
  }

  private static var patience: UInt64 { 1_000_000_000 }
}

extension Evidence {
  fileprivate func sighting(
    of requests: RequestList, on ring: Ring, _ slots: [UInt32: FileIdentity]
  ) -> FindingRule.Sighting {
    var index: UInt32 = 0
    if case .fixed(let slot)? = requests[0].file { index = slot }
    let present =
      slots[index].map { file in
        "has \(snapshot.fileNames.name(of: file).map(Words.name) ?? "another file") now"
      } ?? "is empty now"
    return FindingRule.Sighting(
      severity: isDeadlocked(requests) ? .crit : .warn, rings: [ring.id],
      requests: requests.map(\.id),
      summary:
        "\(words(requests[0])) uses registered file \(index), which was removed or replaced: slot \(index) "
        + present
        + (requests.count > 1
          ? "; \(Words.count(requests.count - 1, "more request")) on the same file" : ""),
      numbers: [
        .init("requests", requests.count), .init("age_ns", age(since: requests[0].startTime)),
      ])
  }

  /// True if threads that can never wake wait for one of the requests.
  func isDeadlocked(_ requests: RequestList) -> Bool {
    deadlocks.contains { deadlock in
      requests.contains { deadlock.requests.contains($0.id) }
    }
  }
}

extension Ring {
  /// True if ``files`` contains all registered files of the ring. An inventory walk lists only a
  /// limited number of files from a limited number of slots.
  fileprivate var isFileTableListed: Bool { files.count < 1024 && registeredFiles <= 1 << 15 }
}

extension Request {
  /// True if the request was issued by `time` and has held its file since, as far as an inventory
  /// walk at that time showed.
  fileprivate func hasFile(since time: UInt64) -> Bool {
    guard SQEFlags(requestFlags: self.flags).contains(.fixedFile), self.startTime <= time,
      self.lastTime <= time
    else { return false }
    switch self.place {
    case .unknown, .linked, .deferred, .workerQueued: return false
    default: return true
    }
  }
}
