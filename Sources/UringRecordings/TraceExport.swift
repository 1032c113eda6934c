import CRecord
import UringRecords

/// Writes a whole recording in another format.
public enum TraceExport {
  /// Writes and closes the file. On failure no file appears. The copy of a recording that was cut
  /// off has no end record.
  ///
  /// - Parameters:
  ///   - time: nanoseconds from the recording's start to the end of the copy; nil to copy all of
  ///     it.
  ///   - encoder: creates the encoder for a header, for example `format.makeEncoder`.
  ///   - rewriter: changes the records while they are copied; nil to leave them unchanged.
  public static func write(
    _ recording: Recording, until time: UInt64? = nil, to file: OutputFile,
    as encoder: (RecordingHeader) -> any TraceEncoder, rewriter: (any RecordRewriter)? = nil
  ) throws(OutputError) {
    var writer = Writer(
      header: recording.header, file: file, as: encoder, rewriter: rewriter)
    if let time, time < recording.duration {
      try writer.write(recording, until: recording.startTime + time)
    } else {
      var index = 0
      while let block = recording.bytes(ofBlock: index) {
        try writer.write(block.bytes)
        withExtendedLifetime(block) {}
        index += 1
        if writer.encoder.isFull { recording.leaveOut(from: index) }
      }
      if recording.hasEnd {
        writer.end(
          time: recording.endTime, records: recording.recordCount, lost: recording.lost ?? 0)
      } else {
        writer.cutOff()
      }
    }
    try writer.close()
  }

  /// Writes whole records from memory as a complete file that ends at `time`, and closes it.
  public static func write(
    _ records: [UInt8], header: RecordingHeader, until time: UInt64, to file: OutputFile,
    format: TraceFormat
  ) throws(OutputError) {
    // An array of bytes may be misaligned, so the records are copied to aligned memory.
    var copy = GrowingBytes()
    records.withUnsafeBytes { copy.append($0) }
    var writer = Writer(header: header, file: file, as: format.makeEncoder)
    var check = RecordCheck()
    while let block = check.nextBlock(of: copy.bytes) {
      try writer.write(UnsafeRawBufferPointer(rebasing: copy.bytes[block.range]))
    }
    writer.end(time: max(time, check.lastTime), records: check.recordCount, lost: 0)
    try writer.close()
  }

  /// Encodes records and writes them, piece by piece.
  private struct Writer {
    let file: OutputFile
    let encoder: any TraceEncoder
    var bytes: [UInt8] = []
    var total: UInt64 = 0
    var rewriter: (any RecordRewriter)?

    init(
      header: RecordingHeader, file: OutputFile,
      as makeEncoder: (RecordingHeader) -> any TraceEncoder,
      rewriter: (any RecordRewriter)? = nil
    ) {
      self.file = file
      self.rewriter = rewriter
      encoder = makeEncoder(rewriter?.rewritten(header) ?? header)
      encoder.begin(into: &bytes)
    }

    mutating func write(_ records: UnsafeRawBufferPointer) throws(OutputError) {
      if rewriter != nil {
        var copies: [UInt8] = []
        guard rewriter?.append(records, to: &copies) == true else {
          throw OutputError(path: file.path, errno: .outOfRange, operation: .redact)
        }
        copies.withUnsafeBytes { encoder.encode($0, into: &bytes) }
      } else {
        encoder.encode(records, into: &bytes)
      }
      try flush()
    }

    /// Writes the records up to `time`, and an end as if recording had stopped at `time`.
    mutating func write(_ recording: Recording, until time: UInt64) throws(OutputError) {
      var (index, count, lost) = (0, UInt64(0), UInt64(0))
      while let block = recording.block(index), let bytes = recording.bytes(ofBlock: index) {
        defer { withExtendedLifetime(bytes) {} }
        let isWhole = block.lastTime <= time
        var end = 0
        for record in RecordSequence(bytes: bytes.prefix(block.range.count)) {
          guard isWhole || record.pointee.time_ns <= time else { break }
          count += 1
          if record.pointee.kind == .lost {
            let body = record.body(as: record_lost.self)
            if body.pointee.cause != .uncounted { lost += body.pointee.count }
          }
          end += Int(record.pointee.size)
        }
        try write(bytes.prefix(end))
        guard isWhole else { break }
        index += 1
        if encoder.isFull { recording.leaveOut(from: index) }
      }
      self.end(time: time, records: count, lost: lost)
    }

    mutating func end(time: UInt64, records: UInt64, lost: UInt64) {
      encoder.end(
        time: rewriter?.rewritten(time: time) ?? time, records: records, lost: lost, into: &bytes)
    }

    mutating func cutOff() { encoder.cutOff(into: &bytes) }

    mutating func close() throws(OutputError) {
      try flush()
      try file.close()
    }

    private mutating func flush() throws(OutputError) {
      if let failure = bytes.withUnsafeBytes({ file.take($0, of: encoder, total: &total) }) {
        throw failure
      }
      bytes.removeAll(keepingCapacity: true)
    }
  }
}
