import CRecord
import Testing

@testable import UringDocuments
@testable import UringRecordings
@testable import UringSources

@Suite struct RecordingTests {
  let stream = SampleStream()

  @Test func completeRecordingIsReadBack() throws {
    let recording = try Recording(bytes: stream.binary())
    #expect(recording.flaw == nil)
    #expect(recording.recordCount == stream.buffer.count)
    #expect(recording.lost == 7)
    #expect(recording.header.host == SampleStream.host)
    #expect(recording.header.toolVersion == "0.0.1")
    #expect(recording.withRecordBytes { Array($0) } == stream.buffer.bytes)
  }

  @Test(arguments: [TraceFormat.uring, .jsonl]) func aRecordingEndsWhenRecordingStopped(
    format: TraceFormat
  ) throws {
    let silence: UInt64 = 4_000_000_000
    let recording = try Recording(bytes: stream.encoded(format, silence: silence))
    #expect(recording.endTime == stream.time + silence)
    var engine = ReplayEngine(recording)
    engine.advance(to: recording.duration - silence / 2)
    #expect(engine.snapshot().time == stream.time + silence / 2)
    #expect(recording.snapshot(at: nil).time == recording.endTime)
    let cutOff = try Recording(bytes: stream.encoded(format, isComplete: false))
    #expect(cutOff.endTime == cutOff.snapshot(at: nil).time)
    #expect(cutOff.endTime <= stream.time)
  }

  @Test func recordingWithoutEndIsCutOff() throws {
    let recording = try Recording(bytes: stream.binary(isComplete: false))
    #expect(recording.flaw == .cutOff)
    #expect(recording.recordCount == stream.buffer.count)
  }

  @Test func recordCutInTheMiddleIsLeftOut() throws {
    let bytes = stream.binary(isComplete: false)
    let recording = try Recording(bytes: Array(bytes.dropLast(8)))
    #expect(recording.flaw == .cutOff)
    #expect(recording.recordCount == stream.buffer.count - 1)
  }

  @Test func corruptRecordEndsWhatIsUsed() throws {
    var bytes = stream.binary()
    let offset = MemoryLayout<recording_header>.size
    let second = offset + MemoryLayout<record_flag_name>.size
    bytes[second + 28] = 3  // the size field of the second record
    let recording = try Recording(bytes: bytes)
    #expect(recording.flaw == .corrupt(place: UInt64(second), isLine: false))
    #expect(recording.recordCount == 1)
  }

  @Test func whatFollowsTheEndIsCorrupt() throws {
    let bytes = stream.binary()
    let recording = try Recording(bytes: bytes + [1])
    #expect(recording.flaw == .corrupt(place: UInt64(bytes.count), isLine: false))
    #expect(recording.recordCount == stream.buffer.count)
  }

  @Test func newerSchemaIsRefused() {
    var bytes = stream.binary()
    bytes[8] = 2
    #expect(throws: RecordingError.newerSchema(2, known: 1)) { try Recording(bytes: bytes) }
    let json = #"{"type":"header","schema":3,"kernel":"k","tier":"t","start_ns":1}"#
    #expect(throws: RecordingError.newerSchema(3, known: 2)) {
      try Recording(bytes: Array(json.utf8))
    }
  }

  @Test(arguments: ["", "x", "{}", "{", "[1]", "URINGTO", #"{"type":"event"}"#, "\u{7f}ELF"])
  func otherFilesAreNoRecordings(text: String) {
    #expect(throws: RecordingError.notARecording) { try Recording(bytes: Array(text.utf8)) }
  }

  @Test func truncatedHeaderIsAnError() {
    let bytes = stream.binary()
    for length in 8..<MemoryLayout<recording_header>.size {
      #expect(throws: RecordingError.truncatedHeader) {
        try Recording(bytes: Array(bytes[..<length]))
      }
    }
  }

  /// After random damage to the bytes, uringtop must read, replay and write the intact part without
  /// a crash.
  @Test(arguments: [TraceFormat.uring, .jsonl]) func garbageIsSurvived(format: TraceFormat) {
    let original = format == .uring ? stream.binary() : stream.encoded(format)
    var random = SystemRandomNumberGenerator()
    var opened = 0
    func survive(_ bytes: [UInt8]) {
      guard let recording = try? Recording(bytes: bytes) else { return }
      opened += 1
      let snapshot = recording.snapshot(at: nil)
      _ = SnapshotDocument(snapshot, toolVersion: "").encoded()
      var engine = ReplayEngine(recording)
      _ = engine.seekNextError()
      engine.stepBack()
    }
    let stride = format == .uring ? 3 : 41
    for offset in Swift.stride(from: 0, to: original.count, by: stride) {
      var bytes = original
      bytes[offset] ^= UInt8.random(in: 1...255, using: &random)
      survive(bytes)
      if offset.isMultiple(of: 5) { survive(Array(original[..<offset])) }
    }
    #expect(opened > 100)
  }

  @Test func wildTimesAreSurvived() throws {
    for time in [0, 1, UInt64.max, UInt64.max / 2] {
      var bytes = stream.binary()
      let second = MemoryLayout<recording_header>.size + MemoryLayout<record_flag_name>.size
      withUnsafeBytes(of: time) { bytes.replaceSubrange(second..<second + 8, with: $0) }
      let recording = try Recording(bytes: bytes)
      var engine = ReplayEngine(recording)
      engine.advance(to: .max)
      engine.seek(to: 1)
      let player = Player(
        recording, filter: Filter(), position: 0, isPlaying: true, interval: .seconds(1))
      player.tick(now: 1)
      player.tick(now: .max)
      #expect(player.timeline.position == recording.duration)
    }
  }
}
