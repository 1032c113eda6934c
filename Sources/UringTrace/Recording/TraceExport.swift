import CRecord
import UringRecords

/// Writes a whole recording in another format.
public enum TraceExport {
  /// Bytes of records that are encoded at once.
  private static let chunkBytes = 1 << 20

  /// Writes and closes the file. A recording that was cut off gets no end.
  public static func write(
    _ recording: Recording, to file: OutputFile, format: TraceFormat
  ) throws(OutputError) {
    let end: End? =
      recording.flaw == nil ? End(time: recording.endTime, lost: recording.lost ?? 0) : nil
    try write(recording.records, header: recording.header, end: end, to: file, format: format)
  }

  /// Writes whole records from memory as a complete file, and closes it.
  public static func write(
    _ records: [UInt8], header: RecordingHeader, to file: OutputFile, format: TraceFormat
  ) throws(OutputError) {
    // A copy that is aligned as records must be.
    let contents = FileContents(copying: records)
    let check = RecordCheck(contents.bytes)
    let sequence = RecordSequence(
      bytes: UnsafeRawBufferPointer(rebasing: contents.bytes[..<check.length]))
    try write(
      sequence, header: header, end: End(time: check.lastTime, lost: 0), to: file, format: format)
    withExtendedLifetime(contents) {}
  }

  /// What the end record or summary says.
  private struct End {
    var time: UInt64
    var lost: UInt64
  }

  private static func write(
    _ sequence: RecordSequence, header: RecordingHeader, end: End?, to file: OutputFile,
    format: TraceFormat
  ) throws(OutputError) {
    let encoder = format.makeEncoder(header: header)
    var bytes: [UInt8] = []
    var total: UInt64 = 0
    encoder.begin(into: &bytes)
    var records = sequence.makeIterator()
    var count: UInt64 = 0
    while records.offset < records.bytes.count {
      let start = records.offset
      while records.offset - start < chunkBytes, records.next() != nil { count += 1 }
      encoder.encode(
        UnsafeRawBufferPointer(rebasing: records.bytes[start..<records.offset]), into: &bytes)
      try flush(&bytes, to: file, encoder: encoder, total: &total)
    }
    if let end { encoder.end(time: end.time, records: count, lost: end.lost, into: &bytes) }
    try flush(&bytes, to: file, encoder: encoder, total: &total)
    try file.close()
  }

  private static func flush(
    _ bytes: inout [UInt8], to file: OutputFile, encoder: any TraceEncoder, total: inout UInt64
  ) throws(OutputError) {
    if let failure = bytes.withUnsafeBytes({ file.write($0, of: encoder, total: &total) }) {
      try? file.close()
      throw failure
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
