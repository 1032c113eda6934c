import CRecord
import Glibc
import SystemPackage
import UringBase
import UringRecords

/// Writes records to a file on a separate thread.
///
/// The thread that drains the kernel's ring buffer never waits for the disk, because up to
/// ``Limits/queuedBytes`` of records are queued. Further records are lost, except for their sums
/// (``DroppedRecords``). The source of the records appends a loss record with their number
/// (``lostToOutput``). If a write fails, the file is truncated to whole records and nothing more is
/// written.
public final class RecordingWriter: Sendable {
  public struct Limits: Sendable {
    /// Bytes of records per queued chunk: few enough to stay in a processor's cache.
    public var chunkBytes = 1 << 18
    /// Bytes that may be queued before the encoder must save time (``TraceEncoder/isBehind``).
    public var patientBytes = 4 << 20
    /// Bytes of written chunks kept for reuse, because fresh memory costs more than the copy into
    /// it.
    public var spareBytes = 64 << 20
    /// Bytes of records that may be queued for the disk.
    public var queuedBytes = 256 << 20
    /// Additional bytes for records that name objects or count losses. Without these records,
    /// others would mislead.
    public var neededBytes = 16 << 20
    /// Nanoseconds after which queued records are written even if their chunk is not full.
    public var flushInterval: UInt64 = 200_000_000

    public init() {}
  }

  /// Totals of a finished recording.
  public struct Summary: Hashable, Sendable {
    public var records: UInt64
    /// Number of records lost because the disk fell behind.
    public var lostToOutput: UInt64
    public var bytesWritten: UInt64
  }

  private struct State {
    var current: [UInt8] = []
    var queue: [[UInt8]] = []
    /// Buffers of written chunks, kept for reuse.
    var spare: [[UInt8]] = []
    var queuedBytes = 0
    var records: UInt64 = 0
    var lostTotal: UInt64 = 0
    var isFinishing = false
    var failure: OutputError?
    var bytesWritten: UInt64 = 0
    var dropped = DroppedRecords()

    mutating func append(_ whole: UnsafeRawBufferPointer, count: UInt64) {
      current.append(contentsOf: whole)
      queuedBytes += whole.count
      records += count
    }

    /// Appends counts records for the records dropped since the last call.
    mutating func appendDroppedCounts() {
      let counts = dropped.takeCounts()
      counts.bytes.withUnsafeBytes { append($0, count: counts.count) }
    }
  }

  private let limits: Limits
  private let state = Monitor(State())
  private let thread: WorkerThread
  private let output: any RecordingOutput
  private let encoder: EncoderBox

  /// Writes the start of the file, and starts the thread.
  public init(
    output: any RecordingOutput, encoder: sending any TraceEncoder, limits: Limits = Limits()
  ) throws(OutputError) {
    var start: [UInt8] = []
    encoder.begin(into: &start)
    var total: UInt64 = 0
    let failure = start.withUnsafeBytes { output.take($0, of: encoder, total: &total) }
    if let failure { throw failure }
    let box = EncoderBox(encoder: encoder)
    self.output = output
    self.encoder = box
    self.limits = limits
    state.withLock { $0.bytesWritten = UInt64(start.count) }
    do throws(ThreadError) {
      thread = try WorkerThread("writer", orThrow: ThreadError.init) { [state] in
        Self.run(state, output: output, encoder: box.encoder, limits: limits)
      }
    } catch {
      throw OutputError(
        path: output.path, errno: SystemPackage.Errno(rawValue: error.errno),
        operation: .startThread)
    }
  }

  /// The reason why the recording stopped early; nil while it continues.
  public var failure: OutputError? { state.withLock { $0.failure } }

  /// True if the output is a pipe without a reader. ``failure`` does not show this until there is
  /// something to write.
  public var isAbandoned: Bool { output.isAbandoned }

  /// A value that changes while the file takes data.
  public var progress: UInt64 { output.progress.value }

  /// Number of records lost so far because the disk fell behind.
  public var lostToOutput: UInt64 { state.withLock { $0.lostTotal } }

  /// Takes whole records without waiting for the disk. Callable from any thread, but by only one at
  /// a time.
  public func append(_ records: UnsafeRawBufferPointer) {
    guard !records.isEmpty else { return }
    let isFull: Bool = state.withLock { state in
      guard state.failure == nil, !state.isFinishing else { return false }
      let isFull = !state.current.isEmpty && state.current.count + records.count > limits.chunkBytes
      if isFull { Self.rotate(&state, capacity: limits.chunkBytes) }
      let hasRoom = state.queuedBytes + records.count <= limits.queuedBytes
      guard hasRoom, state.dropped.isEmpty else {
        appendSome(of: records, hasRoom: hasRoom, to: &state)
        return isFull
      }
      let count = RecordSequence(bytes: records).reduce(into: UInt64(0)) { count, _ in count += 1 }
      state.append(records, count: count)
      return isFull
    }
    if isFull { state.change { _ in } }
  }

  /// Takes records while the disk is behind, and afterwards until all dropped requests have ended,
  /// because their further records must be dropped too.
  private func appendSome(
    of records: UnsafeRawBufferPointer, hasRoom: Bool, to state: inout State
  ) {
    if hasRoom { state.appendDroppedCounts() }
    let room = limits.queuedBytes + limits.neededBytes
    for record in RecordSequence(bytes: records) {
      let size = Int(record.pointee.size)
      if state.dropped.take(record, isFull: !hasRoom) {
        state.lostTotal += 1
      } else if state.queuedBytes + size > room {
        state.dropped.count(record)
        state.lostTotal += 1
      } else {
        state.append(UnsafeRawBufferPointer(start: record, count: size), count: 1)
      }
    }
  }

  /// Takes one whole record.
  public func append(_ record: UnsafePointer<record>) {
    append(UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)))
  }

  /// Separates the records appended so far from later ones: the encoder gets them in different
  /// calls.
  ///
  /// - Returns: the number of records appended so far.
  @discardableResult
  func separate() -> UInt64 {
    state.change { state in
      if !state.current.isEmpty { Self.rotate(&state, capacity: limits.chunkBytes) }
      return state.records
    }
  }

  /// Waits until all appended records are written, or writing has failed.
  func drain() {
    separate()
    state.wait(
      until: nil, for: { $0.queuedBytes == 0 || $0.failure != nil || $0.isFinishing },
      then: { _ in })
  }

  /// Gives the file its name while it still grows.
  public func publish() throws(OutputError) { try output.publish() }

  /// Ends the thread without completing the file. No file appears unless it was already published.
  public func discard() {
    state.change { $0.isFinishing = true }
    thread.join()
  }

  /// Writes queued records and the end of the file, and closes the file. On failure, a published
  /// file has the records written so far.
  ///
  /// - Parameters:
  ///   - time: when recording stopped; nanoseconds, CLOCK_MONOTONIC.
  ///   - lostInKernel: number of records that did not fit into the kernel's ring buffer.
  public func finish(time: UInt64, lostInKernel: UInt64) throws(OutputError) -> Summary {
    state.change {
      $0.appendDroppedCounts()
      $0.isFinishing = true
    }
    thread.join()
    var result = state.withLock { $0 }
    if result.failure == nil {
      var end: [UInt8] = []
      encoder.encoder.end(
        time: time, records: result.records, lost: lostInKernel + result.lostTotal, into: &end)
      result.failure = end.withUnsafeBytes {
        output.take($0, of: encoder.encoder, total: &result.bytesWritten)
      }
    }
    if let failure = result.failure { throw failure }
    try output.close()
    return Summary(
      records: result.records, lostToOutput: result.lostTotal, bytesWritten: result.bytesWritten)
  }

  private static func rotate(_ state: inout State, capacity: Int) {
    state.queue.append(state.current)
    state.current = state.spare.popLast() ?? []
    state.current.reserveCapacity(capacity)
  }

  /// The body of the thread: encodes and writes until `finish`, `discard` or a failure.
  private static func run(
    _ monitor: Monitor<State>, output: any RecordingOutput, encoder: any TraceEncoder,
    limits: Limits
  ) {
    var encoded: [UInt8] = []
    var (total, behind) = monitor.withLock { ($0.bytesWritten, $0.queuedBytes) }
    while true {
      var (chunks, isLast) = monitor.wait(
        until: MonotonicClock.now() + limits.flushInterval,
        for: { !$0.queue.isEmpty || $0.isFinishing },
        then: { state in
          if !state.current.isEmpty { rotate(&state, capacity: limits.chunkBytes) }
          defer { state.queue.removeAll(keepingCapacity: true) }
          return (state.queue, state.isFinishing)
        })
      chunks.reverse()
      // Each chunk is removed from the array, so that it has one owner. Otherwise clearing it would
      // copy its memory instead of reusing it.
      while var chunk = chunks.popLast() {
        let size = chunk.count
        encoder.isBehind = behind > limits.patientBytes
        let failure = chunk.withUnsafeBytes { chunk -> OutputError? in
          var first: OutputError?
          RecordSequence(bytes: chunk).forEachPiece(of: encoder.stepBytes) { piece in
            encoded.removeAll(keepingCapacity: true)
            encoder.encode(piece, into: &encoded)
            first = encoded.withUnsafeBytes { output.take($0, of: encoder, total: &total) }
            return first == nil
          }
          return first
        }
        chunk.removeAll(keepingCapacity: true)
        behind = monitor.change { state in
          state.bytesWritten = total
          state.queuedBytes -= size
          state.failure = failure
          if state.spare.count < limits.spareBytes / limits.chunkBytes { state.spare.append(chunk) }
          return state.queuedBytes
        }
        if failure != nil { return }
      }
      if isLast { return }
    }
  }

  /// Makes the encoder shareable: only the thread uses it until the thread has ended, and then only
  /// ``finish(time:lostInKernel:)``.
  private final class EncoderBox: @unchecked Sendable {
    let encoder: any TraceEncoder

    init(encoder: any TraceEncoder) { self.encoder = encoder }
  }
}
