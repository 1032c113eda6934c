import Foundation
import TestSupport
import Testing
import UringRecordings

/// Tests of `RecordStream`, which reads recordings that arrive in pieces.
@Suite struct RecordStreamTests {
  /// Appends the bytes to a stream in pieces of random sizes, and returns the stream and its
  /// records.
  private static func follow(_ bytes: [UInt8], largest: Int) throws -> (RecordStream, [UInt8]) {
    var stream = RecordStream()
    var records: [UInt8] = []
    var random = SystemRandomNumberGenerator()
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...largest, using: &random))
      rest = rest.dropFirst(piece.count)
      try stream.append(piece)
      stream.takeRecords { records += $0 }
    }
    stream.finish()
    return (stream, records)
  }

  @Test(arguments: Fixtures.all) func piecesAddUpToTheRecording(_ fixture: Observation) throws {
    let file = Array(try Data(contentsOf: URL(filePath: fixture.path)))
    let recording = try Observation.recording(fixture.path)
    let expected = recording.withRecordBytes { Array($0) }
    for largest in [7, 1 << 16] {
      let (stream, records) = try Self.follow(file, largest: largest)
      #expect(records == expected && stream.ending == .complete)
      #expect(stream.header == recording.header)
    }
  }

  @Test func linesAddUpToTheRecording() throws {
    let fixture = try #require(Fixtures.of("links").first)
    let folder = try TemporaryFolder()
    try Command.run("export", fixture.path, "-o", folder.path("trace.jsonl"))
    let lines = Array(try Data(contentsOf: folder["trace.jsonl"]))
    let expected = try Observation.recording(fixture.path).withRecordBytes { Array($0) }
    let (stream, records) = try Self.follow(lines, largest: 1 << 10)
    #expect(records == expected && stream.ending == .complete)
  }

  @Test func blocksAddUpToTheRecordingUntilOneIsDamaged() throws {
    let fixture = try #require(Fixtures.of("links").first)
    let folder = try TemporaryFolder()
    try Command.run("export", fixture.path, "-o", folder.path("trace.uring"))
    var blocks = Array(try Data(contentsOf: folder["trace.uring"]))
    let recording = try Observation.recording(folder.path("trace.uring"))
    let expected = recording.withRecordBytes { Array($0) }
    for largest in [7, 1 << 16] {
      let (stream, records) = try Self.follow(blocks, largest: largest)
      #expect(records == expected && stream.ending == .complete)
      #expect(stream.header == recording.header)
    }
    let (cut, some) = try Self.follow(Array(blocks.dropLast(1)), largest: 99)
    #expect(cut.ending == .flaw(.cutOff) && some == expected)
    // Damages the last block, which contains the end record.
    blocks[blocks.count - 3] ^= 1
    let (damaged, before) = try Self.follow(blocks, largest: 99)
    guard case .flaw(.corrupt(_, isLine: false)) = damaged.ending else {
      Issue.record("\(String(describing: damaged.ending))")
      return
    }
    #expect(before == expected)
  }

  @Test func whatIsCutOffOrCorruptEndsTheStream() throws {
    let fixture = try #require(Fixtures.of("links").first)
    let file = Array(try Data(contentsOf: URL(filePath: fixture.path)))
    let whole = try Observation.recording(fixture.path).withRecordBytes { Array($0) }
    let (cut, some) = try Self.follow(Array(file.dropLast(100)), largest: 999)
    #expect(
      cut.ending == .flaw(.cutOff) && whole.starts(with: some) && some.count + 200 > whole.count)
    var bad = file
    // the position of the size field of the last record
    let place = file.count - 48 + 28
    bad[place] = 3
    bad[place + 1] = 0
    let (corrupt, before) = try Self.follow(bad, largest: 999)
    #expect(
      corrupt.ending == .flaw(.corrupt(place: UInt64(file.count - 48), isLine: false)))
    #expect(before == whole)
  }

  @Test(arguments: ["no recording", "URINGTOQ", "{\"type\":\"event\"}\n"])
  func otherBytesAreRefused(_ text: String) {
    #expect(throws: RecordingError.notARecording) {
      _ = try Self.follow(Array(text.utf8), largest: 3)
    }
  }
}
