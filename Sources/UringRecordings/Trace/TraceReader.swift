import CRecord
import FoundationEssentials
import UringRecords
import UringTrace

/// Reads trace.jsonl back into the records it was made from.
enum TraceReader {
  struct Result {
    var header: RecordingHeader
    var records: FileBytes
    var flaw: RecordingFlaw?
  }

  /// The newest schema of JSON lines, and the one that is written.
  static let schema = UInt32(TRACE_SCHEMA)

  /// Maximum length of white space skipped before the first line.
  static let mostSpace = 4096

  /// True if a file starts like a JSON trace; nil if there are too few bytes to decide.
  static func looksLikeTrace(_ start: FileBytes) -> Bool? { looksLikeTrace(start.bytes) }

  static func looksLikeTrace(_ bytes: UnsafeRawBufferPointer) -> Bool? {
    guard let first = bytes.prefix(mostSpace).first(where: { !isSpace($0) }) else {
      return bytes.count < mostSpace ? nil : false
    }
    return first == UInt8(ascii: "{")
  }

  /// Reads lines up to the first invalid one.
  static func read(_ contents: FileContents) throws(RecordingError) -> Result {
    let decoder = JSONDecoder()
    var lines = TraceLines(contents)
    guard case .line(let first, _) = lines.next() else { throw .notARecording }
    guard let line = try? decoder.decode(HeaderLine.self, from: first), line.type == "header" else {
      let isDocument = (try? decoder.decode(DocumentLine.self, from: first))?.tool == "uringtop"
      throw isDocument ? .snapshotDocument : .notARecording
    }
    guard line.schema <= schema else { throw .newerSchema(line.schema, known: schema) }
    guard line.schema >= 1, let kernel = line.kernel, let tier = line.tier,
      let start = line.start,
      RecordingHeader.areInBounds(start: start, realtime: line.startRealtime ?? 0)
    else { throw .corruptHeader }
    let header = RecordingHeader(
      toolVersion: line.version ?? "",
      host: HostDescription(
        kernel: kernel, tier: tier, startTime: start, startRealtime: line.startRealtime ?? 0,
        sampling: max(1, line.sampling ?? 1)))
    var records = GrowingBytes()
    let flaw = try read(&lines, decoder, into: &records)
    return Result(header: header, records: records.finish(), flaw: flaw)
  }

  /// Reads the lines behind the header; returns the flaw if some cannot be used.
  private static func read(
    _ lines: inout TraceLines, _ decoder: JSONDecoder, into records: inout GrowingBytes
  ) throws(RecordingError) -> RecordingFlaw? {
    var bounds = RecordBounds()
    while true {
      let (data, isTerminated): (Data, Bool)
      switch lines.next() {
      case .end: return .cutOff
      case .failure(let flaw): return flaw
      case .line(let line, let ends): (data, isTerminated) = (line, ends)
      }
      let corrupt = RecordingFlaw.corrupt(place: lines.number, isLine: true)
      guard let decoded = try? decoder.decode(TraceLine.self, from: data) else {
        // An unterminated last line is where writing stopped.
        return isTerminated ? corrupt : .cutOff
      }
      let bytes = decoded.bytes
      guard
        bytes.withUnsafeBytes({ bytes in
          guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
          return bounds.admit(start.assumingMemoryBound(to: record.self))
        })
      else { return corrupt }
      bytes.withUnsafeBytes { records.append($0) }
      if records.count > FileContents.mostInMemory { throw .tooLong }
      if decoded.isSummary {
        return lines.isAtEnd ? nil : .corrupt(place: lines.number + 1, isLine: true)
      }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  /// The start of a document that is not a trace.
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
