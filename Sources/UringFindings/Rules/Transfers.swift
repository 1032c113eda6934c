import UringTrace

/// Rules about transferred data.
extension FindingRule {
  static let shortTransfer = FindingRule(
    "short-transfer", .occurrence,
    meaning: "A request on a file moved less than it was asked to, though it was not at the file's "
      + "end.",
    cure: "Compare each result with the length asked for, and submit the rest."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let short = evidence.ended(on: ring.id) { $0.isShort }
      guard !short.isEmpty else { return nil }
      var extents: [FileNames.DescriptorKey: FileExtents] = [:]
      evidence.forEachEnded(on: ring.id) { request in
        guard let extent = FileExtent(request) else { return }
        extents[extent.file, default: FileExtents()].add(extent)
      }
      let wrong = short.filter { request in
        if request.opcode.direction == .write { return request.hasShortWriteEvent }
        guard evidence.hasOffsets(request), let extent = FileExtent(request) else {
          return false
        }
        return extents[extent.file]?.showDataBehind(extent) ?? false
      }
      guard let first = wrong.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: wrong.reversed().map(\.id),
        summary: "\(evidence.words(first)) moved \(first.result) of \(first.sqe.len) bytes"
          + (wrong.count > 1 ? "; and \(wrong.count - 1) more were short" : "")
          + evidence.reach(on: ring),
        numbers: [
          .init("requests", wrong.count), .init("asked", first.sqe.len),
          .init("moved", max(0, first.result)),
        ])
    }
  }

  static let copiedSend = FindingRule(
    "copied-send", .occurrence,
    meaning:
      "The network stack copied the data of a zero-copy send: it cost more than a plain send.",
    cure:
      "Use IORING_OP_SEND here: loopback, small messages, and devices without scatter-gather or "
      + "checksumming always copy."
  ) { evidence in
    evidence.rings.compactMap { ring in
      var total = 0
      let copied = evidence.ended(on: ring.id) { request in
        guard request.opcode.isZeroCopySend else { return false }
        total += 1
        return request.steps.contains { $0.kind == .notifiedOfCopy }
      }
      guard let first = copied.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: copied.reversed().map(\.id),
        summary: "\(copied.count) of \(Words.count(total, "zero-copy send")) copied: "
          + evidence.words(first) + evidence.reach(on: ring),
        numbers: [.init("copied", copied.count), .init("sends", total)])
    }
  }
}

extension Request {
  /// True if the request ended without an error, with fewer bytes than requested.
  package var isShort: Bool {
    self.hasResult && self.isSQEKnown && self.result >= 0
      && UInt64(self.result) < UInt64(self.sqe.len)
      && self.opcode.direction != .none && self.opcode.length == .bytes
  }

  /// True if the kernel itself reported a short write to a file.
  fileprivate var hasShortWriteEvent: Bool { steps.contains { $0.kind == .shortWrite } }
}

/// The bytes of a file that a request read or wrote at an offset, and the time of the transfer.
private struct FileExtent {
  var file: FileNames.DescriptorKey
  var start: UInt64
  /// Offset after the last byte.
  var end: UInt64
  var submitted: UInt64
  var completed: UInt64
  var isRead: Bool

  /// The extent of a request; nil if it moved nothing, or used the file's own position.
  init?(_ request: borrowing Request) {
    guard request.hasResult, request.isSQEKnown, request.result > 0,
      request.opcode.direction != .none, request.sqe.off != UInt64.max,
      request.opcode.properties.off?.name == "offset",
      case .descriptor(let fd)? = request.file
    else { return nil }
    let (end, isOver) = request.sqe.off.addingReportingOverflow(UInt64(request.result))
    guard !isOver else { return nil }
    file = FileNames.DescriptorKey(tgid: request.submitterTgid, fd: fd)
    start = request.sqe.off
    self.end = end
    submitted = request.startTime
    completed = request.lastTime
    isRead = request.opcode.direction == .read
  }
}

/// The extents read and written through one descriptor.
private struct FileExtents {
  /// Newest first and limited in number: much older reads cannot have been in flight together with
  /// a short read.
  private var reads: [FileExtent] = []
  private var writtenEnd: UInt64 = 0

  private static let limit = 4_096

  mutating func add(_ extent: FileExtent) {
    if !extent.isRead {
      writtenEnd = max(writtenEnd, extent.end)
    } else if reads.count < Self.limit {
      reads.append(extent)
    }
  }

  /// True if another read shows that the file had data after the end of a short read.
  ///
  /// Only a read that was in flight at the same time can show this. At other times the descriptor
  /// can refer to another file, or the file can have another size. Never true for a stream, whose
  /// reads all have the same offset.
  func showDataBehind(_ short: FileExtent) -> Bool {
    guard writtenEnd <= short.end else { return false }
    return reads.contains {
      $0.start >= short.end && $0.submitted <= short.completed && short.submitted <= $0.completed
    }
  }
}

extension Evidence {
  /// True if the request's file is not a pipe, socket or other stream. In recordings without file
  /// identities, the file's name decides.
  fileprivate func hasOffsets(_ request: Request) -> Bool {
    if let file = request.fileIdentity { return file.hasOffsets }
    guard let name = snapshot.fileNames.name(of: request), name.hasPrefix("/") else { return false }
    return !name.hasPrefix("/dev/tty") && !name.hasPrefix("/dev/pts/")
      && !name.hasPrefix("/dev/console")
  }
}
