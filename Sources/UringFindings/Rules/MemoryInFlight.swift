import UringTrace

extension FindingRule {
  static let memoryInFlight = FindingRule(
    "memory-in-flight",
    meaning:
      "Memory was unmapped, moved, replaced or discarded while a request used it: the kernel fills or "
      + "sends whatever is mapped there when the transfer runs, or the request fails with EFAULT.",
    cure:
      "Keep a request's memory in place until its CQE has been taken, or cancel the request first."
  ) { evidence in
    evidence.rings.compactMap { ring in
      var hits: [(request: Request, change: MemoryChange)] = []
      for (id, change) in evidence.snapshot.memoryChanges {
        guard let request = evidence.request(id), request.ring == ring.id,
          evidence.harms(change, request)
        else { continue }
        hits.append((request, change))
      }
      hits.sort { $0.request.id < $1.request.id }
      guard let (request, change) = hits.first, let memory = request.namedMemory else { return nil }
      let isFixed = request.opcode.usesFixedBuffer
      return Sighting(
        severity: .crit, rings: [ring.id], requests: hits.map(\.request.id),
        summary: evidence.words(request, change, memory)
          + (hits.count > 1 ? "; and \(Words.count(hits.count - 1, "more request"))" : ""),
        numbers: [
          .init("requests", hits.count), .init("address", memory.lowerBound),
          .init("length", memory.count),
        ],
        meaning: isFixed ? pinnedMeaning : nil)
    }
  }

  private static let pinnedMeaning =
    "The registered pages stay pinned and the request continues with them, but the program no longer maps them: "
    + "data that is read is lost, and data that is sent is stale."
}

extension Evidence {
  /// True if the request had not ended when its memory was removed.
  private func wasInFlight(_ request: Request, at time: UInt64) -> Bool {
    if request.state.isFinal { return !request.isEndDerived && request.lastTime > time }
    // No end of the request was seen. It is certainly in flight only if no record was lost and its
    // end would post a CQE.
    return snapshot.lost.total == 0
      && !SQEFlags(requestFlags: request.flags).contains(.cqeSkipSuccess)
  }

  /// True if the change affects the request.
  fileprivate func harms(_ change: MemoryChange, _ request: Request) -> Bool {
    guard wasInFlight(request, at: change.time) else { return false }
    guard let memory = request.namedMemory else { return false }
    let isFixed = request.opcode.usesFixedBuffer
    if isFixed {
      // For a kernel buffer, `addr` is an offset into the buffer, not an address in the process.
      guard
        snapshot.buffers.contains(where: {
          $0.ring == request.ring && $0.kind == .registered && !$0.isKernel
            && $0.index == UInt32(request.sqe.buf_index) && $0.address <= memory.lowerBound
            && memory.upperBound <= $0.address + $0.length
        })
      else { return false }
    }
    // Discarded memory does not harm a read: the page is mapped again when the kernel fills it.
    return change.call != .madvise || isFixed || request.opcode.direction == .write
  }

  /// The removal in words: `munmap(0x7f00, 4096) by thread 7 removed memory of READ 0x1 on pipe:[9]
  /// 200 ms after its submission: its memory at ...`.
  fileprivate func words(
    _ request: Request, _ change: MemoryChange, _ memory: Range<UInt64>
  ) -> String {
    let buffer = "its memory at 0x\(String(memory.lowerBound, radix: 16)), \(memory.count) bytes"
    guard let call = change.text else {
      return words(request)
        + (request.state.isFinal ? " was in flight, and " : " is in flight, and ")
        + (change.isDiscarded
          ? "the process does not map the registered page at 0x\(String(change.address, radix: 16)) any more "
            + "(madvise or munmap, before it was watched): \(buffer)"
          : "0x\(String(change.address, radix: 16)) is not mapped any more (munmap or mremap, before it was "
            + "watched): \(buffer)")
    }
    let since = change.time.since(request.startTime)
    let when =
      request.isStartKnown
      ? "\(Words.duration(since)) after its submission" : "while it was in flight"
    return
      "\(call) by thread \(Words.thread(change.tid, in: snapshot)) removed memory of \(words(request)) \(when): "
      + buffer + stackText(change)
  }

  private func stackText(_ change: MemoryChange) -> String {
    guard let frames = change.stack.flatMap({ snapshot.userStacks[$0] }), !frames.isEmpty else {
      return ""
    }
    return "; called by " + frames.prefix(4).joined(separator: " < ")
  }
}
