import CRecord
import Glibc
import SystemPackage
import Testing
import UringRecords

@testable import UringBase
@testable import UringRecordings
@testable import UringTrace

@Suite struct RecordingWriterTests {
  let stream = SampleStream(repetitions: 500)
  let header = RecordingHeader(toolVersion: "0.0.1", host: SampleStream.host)

  @Test(arguments: [TraceFormat.uring, .jsonl]) func writesWhatIsAppended(
    format: TraceFormat
  ) throws {
    let path = TemporaryFile.path("writer.\(format.rawValue)")
    defer { unlink(path) }
    var limits = RecordingWriter.Limits()
    limits.chunkBytes = 4096
    let writer = try RecordingWriter(
      output: OutputFile(creating: path, owner: nil), encoder: format.makeEncoder(header: header),
      limits: limits)
    stream.buffer.bytes.withUnsafeBytes { bytes in
      for record in RecordSequence(bytes: bytes) { writer.append(record) }
    }
    let summary = try writer.finish(time: 77_000_000_000, lostInKernel: 3)
    #expect(summary.records == stream.buffer.count)
    let recording = try Recording(path: FilePath(path))
    #expect(recording.flaw == nil)
    #expect(recording.lost == 3)
    #expect(recording.recordCount == stream.buffer.count)
  }

  /// The writer writes a large batch of records (such as those from before a recording's start) in
  /// small steps. Each step then ends within seconds, even on a slow machine or with a slow reader.
  @Test(arguments: [TraceFormat.uring, .jsonl]) func progressIsSeenInSmallSteps(
    format: TraceFormat
  ) throws {
    let disk = try SlowDisk()
    let steps = Monitor<[Int]>([])
    let writer = try RecordingWriter(
      output: disk.output(), encoder: StepEncoder(format.makeEncoder(header: header), steps))
    let step = format.makeEncoder(header: header).stepBytes
    var records: [UInt8] = []
    while records.count < 4 * step { records += stream.buffer.bytes }
    let before = writer.progress
    records.withUnsafeBytes { writer.append($0) }
    try disk.start()
    let summary = try writer.finish(time: 0, lostInKernel: 0)
    #expect(writer.progress - before >= max(4, summary.bytesWritten / (64 << 10)))
    let taken = steps.withLock { $0 }
    #expect(taken.max() ?? 0 <= step)
    #expect(taken.reduce(0, +) == records.count)
    #expect(UInt64(disk.bytes().count) == summary.bytesWritten)
  }

  @Test func fullDiskIsReported() throws {
    let output = try OutputFile(creating: "/dev/full", owner: nil)
    #expect(throws: OutputError.self) {
      _ = try RecordingWriter(
        output: output, encoder: TraceFormat.uring.makeEncoder(header: header))
    }
  }

  @Test func missingFolderIsReported() {
    #expect(
      throws: OutputError(
        path: "/nowhere/x", errno: SystemPackage.Errno.noSuchFileOrDirectory, operation: .create)
    ) {
      _ = try OutputFile(creating: "/nowhere/x", owner: nil)
    }
  }

  @Test(arguments: [TraceFormat.uring, .jsonl]) func boundariesAreThoseOfWholeRecords(
    format: TraceFormat
  ) throws {
    let encoder = format.makeEncoder(header: header)
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    SampleStream().buffer.bytes.withUnsafeBytes { all in
      for record in RecordSequence(bytes: all) {
        let one = UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size))
        encoder.encode(one, into: &bytes)
      }
    }
    var counts: Set<UInt64> = []
    for limit in stride(from: 0, through: bytes.count, by: max(7, bytes.count / 500)) {
      let boundary = bytes.withUnsafeBytes { encoder.lastBoundary(in: $0, limit: limit) }
      #expect(boundary <= limit)
      guard boundary > 0 else { continue }
      let recording = try Recording(bytes: Array(bytes[..<boundary]))
      #expect(recording.flaw == .cutOff)
      counts.insert(recording.recordCount)
    }
    #expect(counts.count > 10)
  }

  @Test func slowDiskLosesRecordsAndCountsThem() throws {
    let disk = try SlowDisk()
    let writer = try disk.writer(header, queuedBytes: 64 << 10)
    for _ in 0..<4 {
      stream.buffer.bytes.withUnsafeBytes { bytes in
        for record in RecordSequence(bytes: bytes) { writer.append(record) }
      }
    }
    let lost = writer.lostToOutput
    #expect(lost > 0)
    // The disk has not caught up yet, but the writer must keep this loss record.
    var loss = RecordBuffer()
    var count = record_lost()
    count.base.kind = .lost
    count.count = lost
    count.cause = .outputStalled
    loss.append(count, base: \.base)
    loss.bytes.withUnsafeBytes { writer.append($0) }
    #expect(writer.lostToOutput == lost)
    try disk.start()
    let summary = try writer.finish(time: 0, lostInKernel: 0)
    let recording = try Recording(bytes: disk.bytes())
    #expect(summary.lostToOutput == writer.lostToOutput)
    #expect(recording.recordCount == summary.records)
    #expect(recording.lost == summary.lostToOutput)
  }

  /// Records requests of all kinds. Some begin before the disk falls behind, and some end
  /// afterwards.
  @Test func whatASlowDiskLosesIsCounted() throws {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...20 { stream.submit(request, "READ", userData: UInt64(request)) }
    for round in 0..<2_000 {
      let first = 100 + round % 7 * 10
      let old = 1 + round / 100
      stream.submit(first, "READ", userData: 1)
      stream.submit(first + 1, "RECV", userData: 2)
      stream.submit(first + 2, "SEND_ZC", userData: 3, notification: first + 3)
      stream.submit(first + 4, "NOP", userData: 4)
      stream.prepareFails(first + 5, error: -EINVAL, userData: 5)
      stream.complete(first, 4096)
      stream.complete(first + 1, 10, flags: .more)
      stream.complete(first + 2, 100, flags: .more)
      stream.skip(first + 4)
      stream.complete(first + 5, -EINVAL)
      stream.complete(first + 1, -ENOBUFS)
      stream.notify(first + 3, userData: 3)
      stream.submit(first + 6, "WRITE", userData: 6)
      stream.overflow(first + 6, 512)
      stream.completeUnnamed(userData: 7)
      if round % 100 == 99 { stream.complete(old, -EIO) }
    }
    let disk = try SlowDisk()
    let writer = try disk.writer(header, queuedBytes: 96 << 10)
    for (index, words) in stream.records.enumerated() {
      if index == stream.records.count / 2 { try disk.start() }
      // The disk catches up for a while, then falls behind again.
      if index > stream.records.count / 2, index % 2_000 == 0 { disk.waitForMore() }
      words.withUnsafeBytes { writer.append($0) }
    }
    let summary = try writer.finish(time: 0, lostInKernel: 0)
    #expect(summary.lostToOutput > 1_000)

    let recording = try Recording(bytes: disk.bytes())
    var aggregator = Aggregator(host: SampleStream.host)
    recording.withRecordBytes { aggregator.consume(contentsOf: $0) }
    let told = aggregator.snapshot()
    let truth = stream.snapshot()
    #expect(summary.records < UInt64(stream.records.count))
    let (counts, expected) = (told.rings[0].counts, truth.rings[0].counts)
    for (name, count) in Self.sums {
      #expect(counts[keyPath: count] == expected[keyPath: count], "\(name)")
    }
    #expect(told.rings[0].errnos == truth.rings[0].errnos)
    #expect(told.requests.isEmpty)
    for latency in truth.latency {
      let mine = told.latency.first { $0.opcode == latency.opcode }
      #expect(mine?.summary.count == latency.summary.count, "\(latency.opcode.name)")
      #expect(mine?.summary.mean == latency.summary.mean, "\(latency.opcode.name)")
    }
  }

  private static var sums: [(String, KeyPath<Ring.Counts, UInt64>)] {
    [
      ("submitted", \.submitted), ("completed", \.completed), ("cqes", \.cqes),
      ("errors", \.errors),
      ("auxiliary", \.auxiliary), ("skipped", \.skipped), ("overflows", \.overflows),
      ("preparation failures", \.preparationFailures), ("read", \.bytesRead),
      ("written", \.bytesWritten), ("unmeasured", \.unmeasured),
    ]
  }
}

/// A FIFO in place of a slow disk. Nobody reads it before `start()`; then a thread reads it until
/// the writer closes it.
private final class SlowDisk: Sendable {
  private let path = TemporaryFile.path("slow.fifo")
  private let descriptor: Int32
  private let state = Monitor((bytes: [UInt8](), seen: 0, isDone: false))

  init() throws {
    try #require(mkfifo(path, 0o600) == 0)
    descriptor = open(path, O_RDONLY | O_NONBLOCK)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func output() throws -> OutputFile { try OutputFile(creating: path, owner: nil) }

  /// Returns a writer that does not compress its records, so that its output fills the FIFO.
  func writer(_ header: RecordingHeader, queuedBytes: Int) throws -> RecordingWriter {
    var limits = RecordingWriter.Limits()
    limits.chunkBytes = 4096
    limits.queuedBytes = queuedBytes
    return try RecordingWriter(
      output: output(), encoder: PlainEncoder(header: header), limits: limits)
  }

  func start() throws {
    try WorkerThread("drain", orThrow: ThreadError.init) { [self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return state.change { $0.isDone = true } }
        if count < 0 {
          var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
          poll(&ready, 1, -1)
        } else {
          state.change { $0.bytes += buffer[..<count] }
        }
      }
    }.detach()
  }

  /// Waits until at least 16 KiB more have been read than at the last call, or the writer has
  /// closed the FIFO.
  func waitForMore() {
    let some = 16 << 10
    state.wait(
      until: nil, for: { $0.bytes.count >= $0.seen + some || $0.isDone },
      then: { $0.seen = $0.bytes.count })
  }

  /// Waits until the writer has closed the FIFO, and returns everything that was read.
  func bytes() -> [UInt8] {
    state.wait(until: nil, for: { $0.isDone }, then: { $0.bytes })
  }
}

/// An encoder that notes the size of each step in bytes and forwards the step to another encoder.
private final class StepEncoder: TraceEncoder {
  private let encoder: any TraceEncoder
  private let steps: Monitor<[Int]>

  init(_ encoder: any TraceEncoder, _ steps: Monitor<[Int]>) {
    self.encoder = encoder
    self.steps = steps
  }

  var stepBytes: Int { encoder.stepBytes }
  var isFull: Bool { encoder.isFull }

  func begin(into output: inout [UInt8]) { encoder.begin(into: &output) }

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    steps.withLock { $0.append(records.count) }
    encoder.encode(records, into: &output)
  }

  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {
    encoder.end(time: time, records: records, lost: lost, into: &output)
  }

  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    encoder.lastBoundary(in: output, limit: limit)
  }
}

enum TemporaryFile {
  /// Returns a unique path in /tmp.
  static func path(_ name: String) -> String {
    "/tmp/uringtop-test-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
  }
}
