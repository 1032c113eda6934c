import UringBase
import UringTrace

extension FindingRule {
  static let zeroProgress = FindingRule(
    "zero-progress",
    meaning:
      "A read at the end of a file returns 0, and the same read is submitted again and again.",
    cure:
      "Take a result of 0 as the end of the file and stop; to wait for a file that grows, use inotify."
  ) { evidence in
    evidence.rings.flatMap { ring -> [Sighting] in
      var reads: [ReadPlace: Repeats] = [:]
      // Requests are newest first. Only reads after the file last returned data count.
      var filesWithData: Set<FileReference> = []
      evidence.forEachEnded(on: ring.id) { request in
        guard let file = request.file, request.isRead, !filesWithData.contains(file) else { return }
        if request.result != 0 {
          filesWithData.insert(file)
        } else if let place = ReadPlace(request, of: file) {
          reads[place, default: Repeats()].add(request)
        }
      }
      return reads.values.compactMap { repeats in
        guard repeats.count >= 100, repeats.rate >= 10, let newest = repeats.newest,
          let sample = evidence.request(newest),
          sample.fileIdentity?.hasOffsets ?? true
        else { return nil }
        return Sighting(
          severity: .warn, rings: [ring.id], requests: [newest], requestCount: repeats.count,
          summary: "\(evidence.words(sample)) returned 0 bytes \(repeats.count) times in a row, "
            + "\(Words.number(repeats.rate)) times a second, at offset \(sample.sqe.off): the end of its file",
          numbers: [
            .init("reads", repeats.count), .init("per_second", UInt64(nearest: repeats.rate)),
          ])
      }
    }
  }
}

/// The file and offset of reads with one opcode and user_data.
private struct ReadPlace: Hashable {
  var opcode: Opcode
  var userData: UInt64
  var file: FileReference
  var offset: UInt64

  /// The place of a read; nil at a file's beginning, because reads of an empty file that is opened
  /// repeatedly look like repeated reads at the end of one file.
  init?(_ request: borrowing Request, of file: FileReference) {
    guard request.sqe.len > 0, request.sqe.off != 0, request.sqe.off != .max else { return nil }
    opcode = request.opcode
    userData = request.userData
    self.file = file
    offset = request.sqe.off
  }
}

extension Request {
  /// True if the request is a read at an offset that ended without an error.
  fileprivate var isRead: Bool {
    self.opcode.direction == .read && self.opcode.length == .bytes && self.isSQEKnown
      && self.hasResult && self.result >= 0
      && self.opcode.properties.off?.name == "offset"
  }
}

private struct Repeats {
  var newest: Request.ID?
  var count: UInt64 = 0
  private var first: UInt64 = 0
  private var last: UInt64 = 0

  /// Repeats per second.
  var rate: Double { count < 2 ? 0 : Double(count - 1) * 1e9 / Double(max(1, last.since(first))) }

  mutating func add(_ request: borrowing Request) {
    if newest == nil {
      newest = request.id
      last = request.lastTime
    }
    first = request.lastTime
    count += 1
  }
}
