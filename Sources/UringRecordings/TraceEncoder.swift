import CRecord
import UringBase
import UringTrace

/// Encodes records as the bytes of a file.
public protocol TraceEncoder: AnyObject {
  /// Appends the start of the file.
  func begin(into output: inout [UInt8])

  /// Appends whole records, in order.
  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8])

  /// Bytes of records that are encoded in one step: few enough that a step ends soon even on a slow
  /// machine.
  var stepBytes: Int { get }

  /// True while the caller must save time, for example because records arrive faster than they are
  /// written. The encoder then saves time if it can, even if the file becomes longer.
  var isBehind: Bool { get set }

  /// True if the encoder tracks more requests and buffers than ``RecordingFlaw/mostEntries``. The
  /// rest of the recording is then left out.
  var isFull: Bool { get }

  /// Appends the end of a complete file.
  ///
  /// - Parameters:
  ///   - time: nanoseconds, CLOCK_MONOTONIC.
  ///   - records: number of encoded records.
  ///   - lost: number of records lost while recording.
  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8])

  /// Appends output that the encoder still holds back, for a recording that was cut off and has no
  /// end.
  func cutOff(into output: inout [UInt8])

  /// Length of the longest prefix of `output`, at most `limit` bytes, that ends with a whole unit
  /// of the format (block, record or line). A file truncated there stays valid.
  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int
}

extension TraceEncoder {
  public var stepBytes: Int { 1 << 14 }

  public var isBehind: Bool {
    get { false }
    set {}
  }

  public func cutOff(into output: inout [UInt8]) {}

  /// ``lastBoundary(in:limit:)`` of a format whose units are lines.
  package func lastLine(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    output[..<limit].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
  }
}

extension Aggregator {
  /// An aggregator that only assigns numbers to rings and requests. It keeps nothing that has
  /// ended.
  package static func numbering(host: HostDescription) -> Aggregator {
    var limits = Limits()
    limits.history = 0
    limits.events = 1
    return Aggregator(host: host, limits: limits)
  }
}

/// The destination of a ``RecordingWriter``'s encoded records.
public protocol RecordingOutput: AnyObject, Sendable {
  var path: String { get }

  /// Advances while the destination takes data.
  var progress: Progress { get }

  /// True if the output has no reader any more.
  var isAbandoned: Bool { get }

  /// Takes `bytes`, the output of `encoder` behind the `total` bytes taken before. Adds the number
  /// of bytes taken to `total`.
  ///
  /// - Returns: the error if not all bytes could be taken; nil on success.
  func take(
    _ bytes: UnsafeRawBufferPointer, of encoder: any TraceEncoder, total: inout UInt64
  ) -> OutputError?

  func publish() throws(OutputError)

  func close() throws(OutputError)
}

extension OutputFile: RecordingOutput {
  /// Writes `bytes`, the output of `encoder` behind the `total` bytes of the file. On failure,
  /// truncates the file to whole units and returns the error.
  public func take(
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
  /// JSON lines (trace.jsonl).
  case jsonl
  /// A binary recording.
  case uring

  /// The format for a file name's extension. Nil for an unknown extension.
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
    case .uring: BlockEncoder(header: header)
    }
  }
}
