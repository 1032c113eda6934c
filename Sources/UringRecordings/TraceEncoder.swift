import CRecord

/// Turns records into the bytes of a file.
public protocol TraceEncoder: AnyObject {
  /// Appends the start of the file.
  func begin(into output: inout [UInt8])

  /// Appends whole records, in order.
  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8])

  /// Whether ``encode(_:into:)`` only copies, so that records can go to the file as they are.
  var keepsRecords: Bool { get }

  /// The table of substitutes does not fit into memory.
  var isFull: Bool { get }

  /// Appends the end of a complete file.
  ///
  /// - Parameters:
  ///   - time: nanoseconds, CLOCK_MONOTONIC.
  ///   - records: how many were encoded.
  ///   - lost: records that were lost while recording.
  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8])

  /// The length of the longest prefix of `output` that is at most `limit` long and ends where a unit
  /// ends: what a file can be cut to and stay valid.
  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int
}

extension OutputFile {
  /// Writes what `encoder` made, which follows `total` bytes in the file; on failure, which it returns, cuts the
  /// file to whole units.
  func write(
    _ bytes: UnsafeRawBufferPointer, of encoder: any TraceEncoder, total: inout UInt64
  ) -> OutputError? {
    var written = 0
    do throws(OutputError) {
      try write(bytes, written: &written)
    } catch {
      let kept = encoder.lastBoundary(in: bytes, limit: written)
      truncate(to: Int(total) + kept)
      total += UInt64(kept)
      return error
    }
    total += UInt64(written)
    return nil
  }
}

/// The format of a recording's file.
public enum TraceFormat: String, CaseIterable, Sendable {
  /// trace.jsonl
  case jsonl
  /// The binary recording.
  case uring

  /// By a file name's extension, nil if it tells nothing.
  public init?(path: String) {
    guard let dot = path.lastIndex(of: ".") else { return nil }
    switch path[path.index(after: dot)...].lowercased() {
    case "jsonl", "json", "ndjson": self = .jsonl
    case "uring": self = .uring
    default: return nil
    }
  }

  public func makeEncoder(header: RecordingHeader) -> any TraceEncoder {
    switch self {
    case .jsonl: TraceJSONEncoder(header: header)
    case .uring: BinaryEncoder(header: header)
    }
  }
}
