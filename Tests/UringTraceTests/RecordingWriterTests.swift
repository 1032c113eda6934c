import CRecord
import Glibc
import SystemPackage
import Testing

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
    let summary = try writer.finish(lostInKernel: 3)
    #expect(summary.records == stream.buffer.count)
    let recording = try Recording(path: FilePath(path))
    #expect(recording.flaw == nil)
    #expect(recording.lost == 3)
    #expect(recording.recordCount == stream.buffer.count)
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
    SampleStream().buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    var counts: Set<UInt64> = []
    for limit in stride(from: 0, through: bytes.count, by: 7) {
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
    let path = TemporaryFile.path("slow.fifo")
    defer { unlink(path) }
    try #require(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    var limits = RecordingWriter.Limits()
    limits.chunkBytes = 4096
    limits.queuedBytes = 64 << 10
    let writer = try RecordingWriter(
      output: OutputFile(creating: path, owner: nil),
      encoder: TraceFormat.uring.makeEncoder(header: header), limits: limits)
    for _ in 0..<4 {
      stream.buffer.bytes.withUnsafeBytes { bytes in
        for record in RecordSequence(bytes: bytes) { writer.append(record) }
      }
    }
    let lost = writer.lostToOutput
    #expect(lost > 0)
    // The disk is as far behind as before: what tells of the loss is kept all the same.
    var loss = RecordBuffer()
    var count = record_lost()
    count.base.kind = .lost
    count.count = lost
    count.cause = .outputStalled
    loss.append(count, base: \.base)
    loss.bytes.withUnsafeBytes { writer.append($0) }
    #expect(writer.lostToOutput == lost)
    let drain = WorkerThread("drain", orThrow: WorkerThread.noThread) {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(reader, &buffer, buffer.count)
        if count == 0 { return }
        if count < 0 { usleep(1000) }
      }
    }
    let summary = try writer.finish(lostInKernel: 0)
    drain.join()
    #expect(summary.lostToOutput == writer.lostToOutput)
    #expect(summary.records + summary.lostToOutput == stream.buffer.count * 4 + 1)
  }
}

enum TemporaryFile {
  /// A path that no other test uses.
  static func path(_ name: String) -> String {
    "/tmp/uringtop-test-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
  }
}
