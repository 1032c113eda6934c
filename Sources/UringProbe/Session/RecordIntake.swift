import CRecord
import UringRecords
import UringSources
import UringTrace

/// The path of every record of a session, from the record buffer to the aggregator and the sink.
///
/// Each record is copied into the tail (the latest records, in memory). The aggregator and the sink
/// receive the records from there in runs, while they are still in the processor's cache. A session
/// that keeps neither events nor a tail for a dump passes long runs on without the copy.
struct RecordIntake: ~Copyable {
  private(set) var aggregator: Aggregator
  private var tail: RecordTail
  private var sink: (any RecordSink)?
  private let state: SessionState
  /// True if no later call refers to the records: long runs then skip the tail and its copy.
  private let needsNoTail: Bool

  /// Size of a run in bytes; a run fits into the cache of one processor core.
  private static let runSize = 1 << 17
  /// Bytes from which a run is worth a call of the sink.
  private static let directSize = 1 << 12

  init(options: LiveSession.Options, host: HostDescription, state: SessionState) {
    aggregator = Aggregator(host: host, limits: options.limits)
    sink = options.sink
    self.state = state
    needsNoTail = options.dumpWriter == nil && options.limits.events == 0
    // Without a dump writer the tail only buffers runs, so two chunks that stay in the cache
    // suffice.
    tail =
      options.dumpWriter == nil
      ? RecordTail(chunkSize: Self.runSize, chunkCount: 2)
      : RecordTail(chunkSize: 1 << 20, chunkCount: max(2, options.tailSize >> 20))
  }

  /// Takes whole, consecutive records. The caller must call ``handOver()`` before it reads the
  /// aggregator.
  @inline(__always)
  mutating func append(_ records: UnsafeRawBufferPointer) {
    if needsNoTail, records.count >= Self.directSize { return handOver(directly: records) }
    if tail.newLength >= Self.runSize { handOver() }
    guard !tail.append(records) else { return }
    startChunk(with: records)
  }

  /// Gives a long run to the aggregator and the sink without a copy.
  @inline(never)
  private mutating func handOver(directly records: UnsafeRawBufferPointer) {
    handOver()
    deliver(records)
    aggregator.completeEvents()
  }

  @inline(never)
  private mutating func startChunk(with records: UnsafeRawBufferPointer) {
    handOver()
    // The next chunk may overwrite records that the aggregator still refers to.
    aggregator.completeEvents()
    tail.advance()
    _ = tail.append(records)
  }

  /// Takes records that uringtop itself has written, such as loss records and names.
  mutating func take(_ records: RecordBuffer) {
    records.withEachRecord {
      append(UnsafeRawBufferPointer(start: $0, count: Int($0.pointee.size)))
    }
    handOver()
  }

  /// Passes the records appended since the last call to the aggregator and the sink.
  @inline(never)
  mutating func handOver() {
    let records = tail.takeNew()
    if !records.isEmpty { deliver(records) }
  }

  private mutating func deliver(_ records: UnsafeRawBufferPointer) {
    aggregator.consume(kept: records)
    state.progress.advance()
    guard let sink else { return }
    do {
      try sink.consume(records)
    } catch {
      self.sink = nil
      state.publish { published in
        published.sinkError = error
        published.notices.append(Notice("\(error)", isError: true))
      }
    }
  }

  mutating func advance(to time: UInt64) { aggregator.advance(to: time) }

  mutating func snapshot() -> Snapshot {
    aggregator.completeEvents()
    return aggregator.snapshot()
  }

  /// Returns the number of records that the sink has dropped since the last call.
  func takeLostBySink() -> UInt64 { sink?.takeLostCount() ?? 0 }

  /// Returns a copy of the latest records, oldest first.
  func copyOfTail() -> [UInt8] { tail.copy() }
}
