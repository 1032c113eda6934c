import CRecord
import Synchronization
import UringBase
import UringRecords
import UringTrace

/// Keeps the last records of a capture in memory, and writes parts of them as complete recordings.
///
/// Records are stored as differences by a thread of their own, like those of a ``RecordingWriter``: the thread that
/// appends them never waits.
public final class FlightRecorder: Sendable {
  public struct Limits: Sendable {
    /// Nanoseconds that are kept.
    public var duration: UInt64
    /// Bytes of blocks that are kept.
    public var bytes: Int

    public init(duration: UInt64, bytes: Int) {
      self.duration = duration
      self.bytes = bytes
    }
  }

  private let limits: Limits
  private let memory: FlightMemory
  private let writer: RecordingWriter

  /// Nanoseconds after which records are put into a block even if it is short.
  private static let flushInterval: UInt64 = 1_000_000_000

  public init(_ limits: Limits) throws(OutputError) {
    self.limits = limits
    let memory = FlightMemory(limits)
    self.memory = memory
    var writing = RecordingWriter.Limits()
    writing.flushInterval = Self.flushInterval
    writing.spareBytes = 4 << 20
    writing.queuedBytes = max(16 << 20, min(64 << 20, limits.bytes / 4))
    writer = try RecordingWriter(output: memory, encoder: FlightEncoder(memory), limits: writing)
  }

  /// Takes whole records. Never waits. Callable from any thread, by one at a time.
  public func append(_ records: UnsafeRawBufferPointer) { writer.append(records) }

  /// Records lost so far because they arrived faster than they could be stored.
  public var lostToOutput: UInt64 { writer.lostToOutput }

  /// Bytes in memory.
  public var byteCount: Int { memory.state.withLock { $0.ring.bytes } }

  /// Begins a section: a recording can begin with it. An inventory must follow.
  ///
  /// - Parameters:
  ///   - rings: records of the rings at this time.
  ///   - time: nanoseconds, CLOCK_MONOTONIC.
  public func beginSection(rings: RecordBuffer, at time: UInt64) {
    let first = writer.separate()
    memory.state.withLock {
      $0.pending = FlightMemory.Pending(record: first, time: time, rings: rings.bytes)
    }
  }

  /// True if the newest section has so many bytes that the oldest would soon be dropped together with too much.
  public var needsSection: Bool {
    memory.state.withLock { $0.ring.newestBytes > limits.bytes / 4 && $0.pending == nil }
  }

  /// The records since a time, up to now.
  public func freeze(since time: UInt64) -> FrozenFlight {
    writer.drain()
    return memory.state.withLock { state in
      state.beginPending(isForced: true)
      return FrozenFlight(state.ring.sections(since: time))
    }
  }

  /// Ends the thread.
  public func stop() { writer.discard() }
}

/// A part of a flight.
public struct FrozenFlight: Sendable {
  private let sections: [FlightRing.Section]

  init(_ sections: ArraySlice<FlightRing.Section>) { self.sections = Array(sections) }

  /// When it begins: nanoseconds, CLOCK_MONOTONIC; nil if there is nothing.
  public var start: UInt64? { sections.first?.time }

  /// Writes a complete recording and closes it.
  ///
  /// - Parameters:
  ///   - host: the observed host; the recording's start replaces the observation's.
  ///   - end: when the recording ends: nanoseconds, CLOCK_MONOTONIC.
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
        // Memory is not damaged by itself.
        guard isWhole else { continue }
        try copy.write(UnsafeRawBufferPointer(records))
      }
    }
    encoder.end(
      time: max(end, copy.lastTime), records: copy.count, lost: copy.lost, into: &copy.bytes)
    try copy.flush()
    try file.close()
  }

  /// A recording while it is written.
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

/// Blocks in memory instead of a file.
final class FlightMemory: RecordingOutput {
  /// A section that begins with a record that has not arrived yet.
  struct Pending {
    /// Number of records before it.
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
    ///   - count: number of records stored so far.
    ///   - isForced: true if all records before the section are stored.
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

/// Stores records as differences, and notes the names among them.
///
/// Compresses only when a copy is written to a file: zstd would take longer than everything else here.
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
