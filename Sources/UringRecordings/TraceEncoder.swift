import CRecord
import UringBase
import UringTrace

/// Turns records into the bytes of a file.
public protocol TraceEncoder: AnyObject {
  /// Appends the start of the file.
  func begin(into output: inout [UInt8])

  /// Appends whole records, in order.
  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8])

  /// Bytes of records that are encoded in one step: so few that the step ends soon on a slow machine.
  var stepBytes: Int { get }

  /// True while the caller cannot wait: a format that can take less time then does, and makes a longer file.
  var isBehind: Bool { get set }

  /// True if the table of substitutes does not fit into memory.
  var isFull: Bool { get }

  /// Appends the end of a complete file.
  ///
  /// - Parameters:
  ///   - time: nanoseconds, CLOCK_MONOTONIC.
  ///   - records: number of encoded records.
  ///   - lost: records that were lost while recording.
  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8])

  /// Appends what is held back, at the end of a recording that was cut off.
  func cutOff(into output: inout [UInt8])

  /// Length of the longest prefix of `output`, at most `limit`, that ends at the end of a unit: a file cut
  /// to it stays valid.
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
  /// An aggregator that only gives rings and requests their numbers, and keeps nothing that has ended.
  package static func numbering(host: HostDescription) -> Aggregator {
    var limits = Limits()
    limits.history = 0
    limits.events = 1
    return Aggregator(host: host, limits: limits)
  }
}

/// Where a writer's encoded records go.
public protocol RecordingOutput: AnyObject, Sendable {
  var path: String { get }

  /// Advances while data is taken.
  var progress: Progress { get }

  /// True if nobody will read what is written.
  var isAbandoned: Bool { get }

  /// Takes the output of `encoder`, which follows `total` bytes, and adds what it has taken to `total`.
  ///
  /// - Returns: why no more can be taken.
  func take(
    _ bytes: UnsafeRawBufferPointer, of encoder: any TraceEncoder, total: inout UInt64
  ) -> OutputError?

  func publish() throws(OutputError)

  func close() throws(OutputError)
}

extension OutputFile: RecordingOutput {
  /// Writes the output of `encoder`, which follows `total` bytes in the file. On failure, cuts the file to whole
  /// units and returns the error.
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
  /// trace.jsonl
  case jsonl
  /// The binary recording.
  case uring

  /// The format for a file name's extension, nil for an unknown extension.
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
