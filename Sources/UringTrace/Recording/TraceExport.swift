import CRecord

/// Writes a whole recording in another format.
public enum TraceExport {
  /// Bytes of records that are encoded at once.
  private static let chunkBytes = 1 << 20

  /// Writes and closes the file. A recording that was cut off gets no end.
  public static func write(
    _ recording: Recording, to file: OutputFile, format: TraceFormat
  ) throws(OutputError) {
    let encoder = format.makeEncoder(header: recording.header)
    var bytes: [UInt8] = []
    var total = 0
    encoder.begin(into: &bytes)
    var records = recording.records.makeIterator()
    while records.offset < records.bytes.count {
      let start = records.offset
      while records.offset - start < chunkBytes, records.next() != nil {}
      encoder.encode(
        UnsafeRawBufferPointer(rebasing: records.bytes[start..<records.offset]), into: &bytes)
      try flush(&bytes, to: file, encoder: encoder, total: &total)
    }
    if recording.flaw == nil {
      encoder.end(time: recording.endTime, lost: recording.lost ?? 0, into: &bytes)
    }
    try flush(&bytes, to: file, encoder: encoder, total: &total)
    try file.close()
  }

  private static func flush(
    _ bytes: inout [UInt8], to file: OutputFile, encoder: any TraceEncoder, total: inout Int
  ) throws(OutputError) {
    var written = 0
    let result: Result<Void, OutputError> = bytes.withUnsafeBytes { buffer in
      do throws(OutputError) {
        return .success(try file.write(buffer, written: &written))
      } catch {
        return .failure(error)
      }
    }
    if case .failure(let error) = result {
      file.truncate(to: total + encoder.lastBoundary(in: bytes, limit: written))
      try? file.close()
      throw error
    }
    total += written
    bytes.removeAll(keepingCapacity: true)
  }
}
