import CRecord
import FoundationEssentials
import UringRecords
import UringTrace

/// Decodes the lines of trace.jsonl one by one, beginning with the header.
struct TraceLineReader {
  enum Line {
    /// The bytes of the line's record. Empty if the record would exceed the maximum size.
    case record([UInt8])
    /// The bytes of the end record, from the summary line that ends a trace.
    case end([UInt8])
  }

  /// Maximum length of a line in bytes. A record has at most 64 KiB, and each byte of a name takes
  /// at most six characters.
  static let longest = 1 << 20

  private let decoder = JSONDecoder()
  private var bounds = RecordBounds()
  /// Number of the line decoded last, from 1.
  private(set) var number: UInt64 = 1

  /// Decodes the first line, which is the header.
  func header(_ line: some Sequence<UInt8>) throws(RecordingError) -> RecordingHeader {
    let text = Data(line)
    guard let line = try? decoder.decode(HeaderLine.self, from: text), line.type == "header" else {
      let isDocument = (try? decoder.decode(DocumentLine.self, from: text))?.tool == "uringtop"
      throw isDocument ? .snapshotDocument : .notARecording
    }
    guard line.schema <= TraceReader.schema else {
      throw .newerSchema(line.schema, known: TraceReader.schema)
    }
    guard line.schema >= 1, let kernel = line.kernel, let tier = line.tier,
      let start = line.start,
      RecordingHeader.areInBounds(start: start, realtime: line.startRealtime ?? 0)
    else { throw .corruptHeader }
    return RecordingHeader(
      toolVersion: line.version ?? "",
      host: HostDescription(
        kernel: kernel, tier: tier, startTime: start, startRealtime: line.startRealtime ?? 0,
        sampling: max(1, line.sampling ?? 1)))
  }

  /// Decodes a line after the header. Returns nil if the line is invalid.
  mutating func record(_ line: some Sequence<UInt8>) -> Line? {
    number += 1
    guard let decoded = try? decoder.decode(TraceLine.self, from: Data(line)) else { return nil }
    let bytes = decoded.bytes
    let isAdmitted = bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
      return bounds.admit(start.assumingMemoryBound(to: CRecord.record.self))
    }
    guard isAdmitted else { return nil }
    return decoded.isSummary ? .end(bytes) : .record(bytes)
  }

  /// The first member of a snapshot document, which is not a trace.
  private struct DocumentLine: Decodable {
    var tool: String
  }

  private struct HeaderLine: Decodable {
    var type: String
    var schema: UInt32
    var version: String?
    var kernel: String?
    var tier: String?
    var sampling: UInt32?
    var start: UInt64?
    var startRealtime: UInt64?

    private enum CodingKeys: String, CodingKey {
      case type, schema, version, kernel, tier, sampling
      case start = "start_ns"
      case startRealtime = "start_realtime_ns"
    }
  }
}
