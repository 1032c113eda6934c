import CRecord
import FoundationEssentials
import UringRecords
import UringTrace

/// Reads trace.jsonl back into the records it was made from.
enum TraceReader {
  struct Result {
    var header: RecordingHeader
    var records: RecordBuffer
    var flaw: RecordingFlaw?
  }

  /// Whether a file starts as a JSON trace does.
  static func looksLikeTrace(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.first { !isSpace($0) } == UInt8(ascii: "{")
  }

  /// Reads as many lines as make sense.
  static func read(_ bytes: UnsafeRawBufferPointer) throws(RecordingError) -> Result {
    let decoder = JSONDecoder()
    var lines = Lines(bytes: bytes)
    guard let first = lines.next(),
      let line = try? decoder.decode(HeaderLine.self, from: first.data),
      line.type == "header"
    else { throw .notARecording }
    guard line.schema <= UInt32(RECORD_SCHEMA) else { throw .newerSchema(line.schema) }
    guard line.schema >= 1, let kernel = line.kernel, let tier = line.tier,
      let start = line.start
    else { throw .corruptHeader }
    let header = RecordingHeader(
      toolVersion: line.version ?? "",
      host: HostDescription(
        kernel: kernel, tier: tier, startTime: start, startRealtime: line.startRealtime ?? 0,
        sampling: max(1, line.sampling ?? 1)))

    var result = Result(header: header, records: RecordBuffer(), flaw: .cutOff)
    while let line = lines.next() {
      guard let decoded = try? decoder.decode(TraceLine.self, from: line.data) else {
        // A last line that does not end is where writing stopped.
        if line.isTerminated { result.flaw = .corrupt(place: lines.number, isLine: true) }
        return result
      }
      switch decoded.content {
      case .event(let record):
        record.withUnsafeBytes { if !$0.isEmpty { result.records.append(whole: $0) } }
      case .summary(let end):
        result.records.append(end, base: \.base)
        result.flaw = lines.isAtEnd ? nil : .corrupt(place: lines.number + 1, isLine: true)
        return result
      }
    }
    return result
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  /// The lines of a text.
  private struct Lines {
    let bytes: UnsafeRawBufferPointer
    var offset = 0
    /// Of the line last returned, from 1.
    var number: UInt64 = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func next() -> (data: Data, isTerminated: Bool)? {
      guard !isAtEnd else { return nil }
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      let length = end ?? rest.count
      offset += length + (end == nil ? 0 : 1)
      number += 1
      return (Data(UnsafeRawBufferPointer(rebasing: rest[..<length])), end != nil)
    }
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
