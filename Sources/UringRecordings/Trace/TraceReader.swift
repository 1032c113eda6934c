import CRecord
import FoundationEssentials
import UringRecords
import UringTrace

/// Reads trace.jsonl back into the records from which it was written.
enum TraceReader {
  struct Result {
    var header: RecordingHeader
    var records: FileBytes
    var flaw: RecordingFlaw?
  }

  /// The newest schema of JSON lines that uringtop reads, and the schema that it writes.
  static let schema = UInt32(TRACE_SCHEMA)

  /// Maximum length in bytes of the white space skipped before the first line.
  static let mostSpace = 4096

  /// True if a file starts like a JSON trace. Nil if there are too few bytes to decide.
  static func looksLikeTrace(_ start: FileBytes) -> Bool? { looksLikeTrace(start.bytes) }

  static func looksLikeTrace(_ bytes: UnsafeRawBufferPointer) -> Bool? {
    guard let first = bytes.prefix(mostSpace).first(where: { !isSpace($0) }) else {
      return bytes.count < mostSpace ? nil : false
    }
    return first == UInt8(ascii: "{")
  }

  /// Reads all lines up to the first invalid one.
  static func read(_ contents: FileContents) throws(RecordingError) -> Result {
    var lines = TraceLines(contents)
    var reader = TraceLineReader()
    guard case .line(let first, _) = lines.next() else { throw .notARecording }
    let header = try reader.header(first)
    var records = GrowingBytes()
    let flaw = try read(&lines, &reader, into: &records)
    return Result(header: header, records: records.finish(), flaw: flaw)
  }

  /// Reads the lines behind the header. Returns the reason if some lines cannot be used, or nil.
  private static func read(
    _ lines: inout TraceLines, _ reader: inout TraceLineReader, into records: inout GrowingBytes
  ) throws(RecordingError) -> RecordingFlaw? {
    while true {
      let (data, isTerminated): (Data, Bool)
      switch lines.next() {
      case .end: return .cutOff
      case .failure(let flaw): return flaw
      case .line(let line, let ends): (data, isTerminated) = (line, ends)
      }
      guard let line = reader.record(data) else {
        // A last line without a newline shows that writing stopped within the line.
        return isTerminated ? .corrupt(place: lines.number, isLine: true) : .cutOff
      }
      let (bytes, isEnd) =
        switch line {
        case .record(let bytes): (bytes, false)
        case .end(let bytes): (bytes, true)
        }
      bytes.withUnsafeBytes { records.append($0) }
      if records.count > FileContents.mostInMemory { throw .tooLong }
      if isEnd { return lines.isAtEnd ? nil : .corrupt(place: lines.number + 1, isLine: true) }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }
}
