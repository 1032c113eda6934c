import CRecord
import Synchronization
import UringBase
import UringRecords
import UringTrace

/// Keeps the most recent records of a capture in memory, and writes parts of them as complete
/// recordings.
///
/// A separate ``RecordingWriter`` thread stores the records, each as its difference from an earlier
/// one. The thread that appends records never waits.
public final class FlightRecorder: Sendable {
  public struct Limits: Sendable {
    /// Length of the kept period in nanoseconds.
    public var duration: UInt64
    /// Maximum number of bytes of blocks in memory.
    public var bytes: Int

    public init(duration: UInt64, bytes: Int) {
      self.duration = duration
      self.bytes = bytes
    }
  }

  private let limits: Limits
  private let memory: FlightMemory
  private let writer: RecordingWriter

  /// Nanoseconds after which records are put into a block even if the block is short.
  private static let flushInterval: UInt64 = 1_000_000_000

  public init(_ limits: Limits) throws(OutputError) {
    self.limits = limits
    let memory = FlightMemory(limits)
    self.memory = memory
    var writing = RecordingWriter.Limits()
    // Twice as many as usual: each chunk wakes the writer, which costs more than the cache saves at
    // the rates at which a recorder runs.
    writing.chunkBytes = 1 << 19
    writing.flushInterval = Self.flushInterval
    writing.spareBytes = 4 << 20
    writing.queuedBytes = max(16 << 20, min(64 << 20, limits.bytes / 4))
    writer = try RecordingWriter(output: memory, encoder: FlightEncoder(memory), limits: writing)
  }

  /// Takes whole records without waiting. Callable from any thread, but by only one at a time.
  public func append(_ records: UnsafeRawBufferPointer) { writer.append(records) }

  /// Number of records lost so far because they arrived faster than they could be stored.
  public var lostToOutput: UInt64 { writer.lostToOutput }

  /// Bytes of blocks and of section states in memory.
  public var byteCount: Int { memory.state.withLock { $0.ring.bytes } }

  /// Begins a section, the smallest unit that a recording can begin with. The caller must then take
  /// an inventory (BPF iterators that report all rings and requests).
  ///
  /// - Parameters:
  ///   - rings: records that describe the rings at `time`.
  ///   - time: nanoseconds, CLOCK_MONOTONIC.
  public func beginSection(rings: RecordBuffer, at time: UInt64) {
    let first = writer.separate()
    memory.state.withLock {
      $0.pending = FlightMemory.Pending(record: first, time: time, rings: rings.bytes)
    }
  }

  /// True if the newest section exceeds a quarter of the memory. A new section must then begin,
  /// because sections are dropped only as a whole.
  public var needsSection: Bool {
    memory.state.withLock { $0.ring.newestBytes > limits.bytes / 4 && $0.pending == nil }
  }

  /// The records from `time` until now, preceded by the earlier records of the section that
  /// contains `time`.
  public func freeze(since time: UInt64) -> FrozenFlight {
    writer.drain()
    return memory.state.withLock { state in
      state.beginPending(isForced: true)
      return FrozenFlight(state.ring.sections(since: time))
    }
  }

  /// Ends the thread that stores records.
  public func stop() { writer.discard() }
}

/// A copied part of the flight recorder's memory.
public struct FrozenFlight: Sendable {
  private let sections: [FlightRing.Section]

  init(_ sections: ArraySlice<FlightRing.Section>) { self.sections = Array(sections) }

  /// Start time of this part: nanoseconds, CLOCK_MONOTONIC. Nil if the part is empty.
  public var start: UInt64? { sections.first?.time }

  /// Writes a complete recording and closes it.
  ///
  /// - Parameters:
  ///   - host: the observed host. Its start time is replaced by the start of this part.
  ///   - end: time of the recording's end: nanoseconds, CLOCK_MONOTONIC.
  public func write(
    to file: OutputFile, toolVersion: String, host: HostDescription, end: UInt64
  ) throws(OutputError) {
    var host = host
    let start = start ?? end
    host.startRealtime = host.startRealtime &+ start &- host.startTime
    host.startTime = start
    let encoder = BlockEncoder(header: RecordingHeader(toolVersion: toolVersion, host: host))
    var copy = Copy(file: file, encoder: encoder)
    encoder.begin(into: &copy.bytes)
    if let state = sections.first?.state { try copy.write(state) }
    let restorer = BlockRestorer()
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BlockHead.largestSize, alignment: 64)
    defer { buffer.deallocate() }
    for section in sections {
      for block in section.blocks {
        let records = UnsafeMutableRawBufferPointer(
          rebasing: buffer[..<Int(block.head.stored.size)])
        let isWhole = block.bytes.withUnsafeBytes { bytes in
          restorer.restore(
            block.head,
            UnsafeRawBufferPointer(rebasing: bytes[BlockHead.size...]), into: records)
        }
        // Does not happen: the block was encoded by this process and never left its memory.
        guard isWhole else { continue }
        try copy.write(UnsafeRawBufferPointer(records))
      }
    }
    encoder.end(
      time: max(end, copy.lastTime), records: copy.count, lost: copy.lost, into: &copy.bytes)
    try copy.flush()
    try file.close()
  }

  /// A recording that is being written.
  private struct Copy {
    let file: OutputFile
    let encoder: BlockEncoder
    var bytes: [UInt8] = []
    var count: UInt64 = 0
    var lost: UInt64 = 0
    var lastTime: UInt64 = 0
    private var total: UInt64 = 0

    init(file: OutputFile, encoder: BlockEncoder) {
      self.file = file
      self.encoder = encoder
    }

    mutating func write(_ records: UnsafeRawBufferPointer) throws(OutputError) {
      for record in RecordSequence(bytes: records) {
        count += 1
        lastTime = max(lastTime, record.pointee.time_ns)
        guard record.pointee.kind == .lost else { continue }
        let body = record.body(as: record_lost.self)
        if body.pointee.cause != .uncounted { lost += body.pointee.count }
      }
      encoder.encode(records, into: &bytes)
      try flush()
    }

    mutating func write(_ records: [UInt8]) throws(OutputError) {
      let result: Result<Void, OutputError> = records.withUnsafeBytes { bytes in
        do throws(OutputError) {
          return .success(try write(bytes))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
    }

    mutating func flush() throws(OutputError) {
      let failure = bytes.withUnsafeBytes { file.take($0, of: encoder, total: &total) }
      if let failure { throw failure }
      bytes.removeAll(keepingCapacity: true)
    }
  }
}

/// The destination of encoded blocks: memory instead of a file.
final class FlightMemory: RecordingOutput {
  /// A section whose first record has not been stored yet.
  struct Pending {
    /// Number of records before the section.
    var record: UInt64
    var time: UInt64
    var rings: [UInt8]
  }

  struct State {
    var ring = FlightRing()
    var names = StandingNames()
    var pending: Pending?

    /// Begins the pending section.
    ///
    /// - Parameters:
    ///   - count: number of records stored so far; ignored if `isForced`.
    ///   - isForced: true if all records before the section are known to be stored.
    mutating func beginPending(after count: UInt64 = 0, isForced: Bool = false) {
      guard let pending, isForced || pending.record <= count else { return }
      ring.begin(at: pending.time, state: names.records(at: pending.time) + pending.rings)
      self.pending = nil
    }
  }

  let state = Mutex(State())
  let path = "memory"
  let isAbandoned = false
  let progress = Progress()
  private let limits: FlightRecorder.Limits

  init(_ limits: FlightRecorder.Limits) { self.limits = limits }

  func take(
    _ bytes: UnsafeRawBufferPointer, of encoder: any TraceEncoder, total: inout UInt64
  ) -> OutputError? {
    total += UInt64(bytes.count)
    progress.advance()
    let limit = MonotonicClock.now().since(limits.duration)
    state.withLock { state in
      state.ring.append(bytes)
      state.ring.drop(before: limit, most: limits.bytes)
    }
    return nil
  }

  func publish() {}
  func close() {}
}

/// Encodes records as differences without compression, and notes the names among them.
///
/// The blocks are compressed only when they are written to a file, because zstd would take longer
/// than all other work of this thread.
private final class FlightEncoder: TraceEncoder {
  private let memory: FlightMemory
  private let blocks = BlockEncoder(
    header: RecordingHeader(
      toolVersion: "", host: HostDescription(kernel: "", tier: "", startTime: 0, startRealtime: 0)))

  let isFull = false
  var stepBytes: Int { blocks.stepBytes }

  init(_ memory: FlightMemory) {
    self.memory = memory
    blocks.isBehind = true
  }

  func begin(into output: inout [UInt8]) {}

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    memory.state.withLock { state in
      state.beginPending(after: blocks.recordCount)
      state.names.note(records)
    }
    blocks.encode(records, into: &output)
  }

  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {}

  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    blocks.lastBoundary(in: output, limit: limit)
  }
}
