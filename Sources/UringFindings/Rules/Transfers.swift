import UringTrace

/// Rules about what was moved, and how.
extension FindingRule {
  static let shortTransfer = FindingRule(
    "short-transfer",
    meaning: "A request on a file moved less than it was asked to, though it was not at the file's "
      + "end.",
    cure: "Compare each result with the length asked for, and submit the rest."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let short = evidence.ended(on: ring.id) { $0.isShort }
      guard !short.isEmpty else { return nil }
      // Where others found data: a short read before that was not at the file's end.
      var ends: [FileNames.DescriptorKey: UInt64] = [:]
      evidence.forEachEnded(on: ring.id) { request in
        guard let place = request.extent, request.opcode.properties.direction == .read else {
          return
        }
        ends[place.file] = max(ends[place.file] ?? 0, place.end)
      }
      let wrong = short.filter { request in
        if request.opcode.properties.direction == .write { return request.isShortWriteTold }
        guard let place = request.extent, let end = ends[place.file] else { return false }
        return end > place.end
      }
      guard let first = wrong.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: wrong.reversed().map(\.id),
        summary: "\(evidence.words(first)) moved \(first.result) of \(first.sqe.len) bytes"
          + (wrong.count > 1 ? "; and \(wrong.count - 1) more were short" : ""),
        numbers: [
          .init("requests", wrong.count), .init("asked", first.sqe.len),
          .init("moved", max(0, first.result)),
        ])
    }
  }

  static let copiedSend = FindingRule(
    "copied-send",
    meaning:
      "The network stack copied the data of a zero-copy send: it cost more than a plain send.",
    cure:
      "Use IORING_OP_SEND here: loopback, small messages, and devices without scatter-gather or "
      + "checksumming always copy."
  ) { evidence in
    evidence.rings.compactMap { ring in
      var total = 0
      let copied = evidence.ended(on: ring.id) { request in
        guard request.opcode.properties.isZeroCopySend else { return false }
        total += 1
        return request.steps.contains { $0.kind == .notifiedOfCopy }
      }
      guard let first = copied.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: copied.reversed().map(\.id),
        summary: "\(copied.count) of \(Words.count(total, "zero-copy send")) copied: "
          + evidence.words(first),
        numbers: [.init("copied", copied.count), .init("sends", total)])
    }
  }
}

extension Request {
  /// Ended without an error, with fewer bytes than asked for.
  fileprivate var isShort: Bool {
    let properties = opcode.properties
    return hasResult && isSQEKnown && result >= 0 && UInt64(result) < UInt64(sqe.len)
      && properties.direction != .none && properties.length == .bytes
  }

  /// The kernel itself found a write to a file short.
  fileprivate var isShortWriteTold: Bool { steps.contains { $0.kind == .shortWrite } }

  /// Where in a file it read; nil for files without places, as pipes, and for reads of nothing.
  fileprivate var extent: (file: FileNames.DescriptorKey, end: UInt64)? {
    guard hasResult, isSQEKnown, result > 0, opcode.properties.off?.name == "offset",
      sqe.off != UInt64.max, case .descriptor(let fd)? = file
    else { return nil }
    let end = sqe.off.addingReportingOverflow(UInt64(result))
    guard !end.overflow else { return nil }
    return (FileNames.DescriptorKey(tgid: submitterTgid, fd: fd), end.partialValue)
  }
}
