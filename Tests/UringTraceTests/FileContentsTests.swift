import Foundation
import SystemPackage
import Testing
import UringRecords

@testable import UringRecordings
@testable import UringSources
@testable import UringTrace

/// Tests of files that change while uringtop reads them, and of endless files.
@Suite struct FileContentsTests {
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let path = TemporaryFile.path("contents")
    defer { unlink(path) }
    try Data(bytes).write(to: URL(filePath: path))
    try body(path)
  }

  /// Returns the recording in a file, read in small blocks.
  private func recording(_ path: String) throws -> Recording {
    try Recording(
      binary: FileContents(path: FilePath(path)) { _ in true }, blockSize: 1 << 10)
  }

  private let bytes = SampleStream(repetitions: 200).binary()

  @Test func aPieceStaysAsItWasRead() throws {
    try withFile(Array(repeating: 7, count: 10_000)) { path in
      let contents = try FileContents(path: FilePath(path)) { _ in true }
      let piece = try #require(try contents.piece(5_000..<6_000))
      truncate(path, 0)
      #expect(Array(piece.bytes) == Array(repeating: 7, count: 1_000))
      #expect(try contents.piece(5_000..<6_000) == nil)
    }
  }

  @Test func aFileThatBecomesShorterEndsTheRecording() throws {
    try withFile(bytes) { path in
      let recording = try recording(path)
      var engine = ReplayEngine(recording)
      engine.advance(to: 1)
      truncate(path, 20_000)
      engine.advanceToEnd()
      let isAtEnd = engine.isAtEnd
      #expect(isAtEnd)
      #expect(recording.flaw == .changed)
      let records = engine.snapshot().recordCount
      #expect(records > 0 && records <= recording.recordCount)
    }
  }

  @Test func blocksThatChangeAfterTheirCheckAreNotUsed() throws {
    try withFile(bytes) { path in
      let recording = try recording(path)
      let count = recording.recordCount
      // Zeros replace all but the header. They read as records of size 0.
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      try file.seek(toOffset: 200)
      try file.write(contentsOf: Data(count: bytes.count - 200))
      try file.close()
      var engine = ReplayEngine(recording)
      engine.advanceToEnd()
      engine.seek(to: 0)
      engine.advanceToEnd()
      let isAtEnd = engine.isAtEnd
      #expect(isAtEnd)
      #expect(recording.flaw == .changed)
      let used = engine.snapshot().recordCount
      #expect(used < count)
    }
  }

  @Test func aReplayShowsOnceThatItsFileHasChanged() async throws {
    let path = TemporaryFile.path("changing")
    defer { unlink(path) }
    try Data(bytes).write(to: URL(filePath: path))
    let recording = try recording(path)
    let source = try ReplaySource(recording, isPlaying: false, dump: { _, _ in Notice("no") })
    defer { source.stop() }
    let changes = AsyncStream.makeStream(of: Void.self)
    source.onChange { changes.continuation.yield() }
    var announced = changes.stream.makeAsyncIterator()
    #expect(source.takeNotices().isEmpty)
    truncate(path, 20_000)
    // The recording's last event has been cut off, so this seek cannot reach that event.
    source.perform(.seek(recording.duration))
    var notices = source.takeNotices()
    while notices.isEmpty {
      await announced.next()
      notices = source.takeNotices()
    }
    #expect(notices.count == 1)
    #expect(notices[0].isError && notices[0].text.contains("changed while it was read"))
    #expect(notices[0].text.contains("the part before it stays"))
    let records = source.current().recordCount
    #expect(records > 0)
    // The source must not repeat the notice while nothing else changes.
    source.perform(.stepBack)
    while source.current().recordCount == records { await announced.next() }
    #expect(source.takeNotices().isEmpty)
    // Then the file is truncated to nothing.
    truncate(path, 0)
    source.perform(.seek(0))
    source.perform(.seek(1_000_000))
    notices = []
    while notices.isEmpty {
      await announced.next()
      notices = source.takeNotices()
    }
    #expect(notices[0].text.contains("the recording can no longer be read"))
  }

  @Test func whatIsNoRecordingIsNotReadToItsEnd() {
    #expect(throws: RecordingError.notARecording) { try Recording(path: "/dev/zero") }
  }

  @Test func aPipeWithoutAnEndIsTooLong() throws {
    let path = TemporaryFile.path("fifo")
    defer { unlink(path) }
    try #require(mkfifo(path, 0o600) == 0)
    let writer = Thread {
      guard let file = FileHandle(forWritingAtPath: path) else { return }
      let piece = Data(repeating: UInt8(ascii: "{"), count: 1 << 20)
      while (try? file.write(contentsOf: piece)) != nil {}
    }
    signal(SIGPIPE, SIG_IGN)
    writer.start()
    #expect(throws: RecordingError.tooLong) { try Recording(path: FilePath(path)) }
  }

  @Test func aLineWithoutAnEndIsCorrupt() throws {
    let path = TemporaryFile.path("line")
    defer { unlink(path) }
    let header =
      "{\"type\":\"header\",\"schema\":1,\"kernel\":\"\",\"tier\":\"\",\"start_ns\":1,\"start_realtime_ns\":1}\n"
    try Data(header.utf8).write(to: URL(filePath: path))
    truncate(path, 2 << 30)
    let recording = try Recording(path: FilePath(path))
    #expect(recording.flaw == .corrupt(place: 2, isLine: true))
  }
}
