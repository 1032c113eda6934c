import SystemPackage
import UringBase
import UringRecords

/// The reason why a recording cannot be used at all.
public enum RecordingError: Error, Hashable, Sendable {
  case cannotRead(SystemPackage.Errno)
  /// Neither a binary recording nor a JSON trace.
  case notARecording
  /// A JSON document that `uringtop snapshot` wrote.
  case snapshotDocument
  /// The file ends within its header.
  case truncatedHeader
  case corruptHeader
  /// Written by a later version of uringtop. `known` is the newest schema that this version reads.
  case newerSchema(UInt32, known: UInt32)
  /// Stored in a file format that only later versions of uringtop read.
  case newerFormat(UInt16)
  /// The content exceeds the memory limit.
  case tooLong
}

extension RecordingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let errno): "\(errno)"
    case .notARecording: "not a uringtop recording"
    case .snapshotDocument: "the JSON of a snapshot, which only `uringtop snapshot --from` reads"
    case .truncatedHeader: "the recording ends within its header: nothing in it can be used"
    case .corruptHeader: "the recording's header is corrupt"
    case .newerSchema(let schema, let known):
      "written by a newer uringtop (schema \(schema); this one reads up to schema \(known))"
    case .newerFormat(let format): "written by a newer uringtop (file format \(format))"
    case .tooLong:
      "longer than 256 MB, which only a file of the binary format can be"
    }
  }
}

/// The reason why a recording can be used only in part.
public enum RecordingFlaw: Hashable, Sendable {
  /// The recording ends without its end record or summary, or within a record.
  case cutOff
  /// No valid record starts at `place`: a byte offset in a binary recording, a line number in a
  /// JSON trace.
  case corrupt(place: UInt64, isLine: Bool)
  /// Blocks could not be read and were left out. The records after them are used.
  ///
  /// - Parameters:
  ///   - place: the byte offset of the first such block.
  ///   - blocks: number of such blocks. A gap of unknown length counts as one.
  ///   - records: records known to be missing.
  ///   - isCutOff: true if the end of the recording is missing as well.
  case damaged(place: UInt64, blocks: UInt64, records: UInt64, isCutOff: Bool)
  /// The file became shorter or different after it was opened.
  case changed
  /// Reading failed.
  case cannotRead(SystemPackage.Errno)
  /// Too many requests are in flight at once for a snapshot to fit into memory.
  case crowded
}

extension RecordingFlaw {
  /// Maximum number of requests, buffers and groups kept in memory. Together with a few snapshots
  /// of them, they take less than 512 MB.
  package static let mostEntries = 1 << 17

  /// True if the records after the flaw are used.
  package var isPassed: Bool {
    if case .damaged = self { true } else { false }
  }
}

extension RecordingFlaw: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cutOff: "the recording was cut off"
    case .corrupt(let place, let isLine):
      "the recording is corrupt at \(isLine ? "line" : "byte") \(place)"
    case .damaged(let place, let blocks, let records, let isCutOff):
      "the recording is damaged\(isCutOff ? " and was cut off" : ""): "
        + "\(Figures.count(blocks, "block")) left out, with \(Figures.count(records, "record")), "
        + "the first at byte \(place)"
    case .changed: "the recording changed while it was read"
    case .cannotRead(let errno): "reading the recording failed: \(errno)"
    case .crowded:
      "more than \(Self.mostEntries) requests and buffers are in use at once: the recording is used only up to this point"
    }
  }
}
