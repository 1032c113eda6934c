import CRecord
import Testing
import UringRecords

@testable import UringRecordings
@testable import UringSources
@testable import UringTrace

/// Tests of recordings with more requests in flight than fit into memory.
@Suite struct CrowdedRecordingTests {
  private let header = RecordingHeader(toolVersion: "0.0.1", host: SampleStream.host)

  /// Returns a recording of requests that never end.
  private func recording(requests: Int) throws -> Recording {
    var buffer = RecordBuffer()
    for index in 1...requests {
      var submit = record_submit()
      submit.base.kind = .submit
      submit.base.time_ns = SampleStream.start + UInt64(index)
      submit.base.ctx = SampleStream.context
      submit.base.req = 0xffff_8882_0000_0000 + UInt64(index) * 256
      buffer.append(submit, base: \.base)
    }
    let encoder = TraceFormat.uring.makeEncoder(header: header)
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    encoder.end(
      time: SampleStream.start + 1_000_000_000, records: buffer.count, lost: 0, into: &bytes)
    return try Recording(bytes: bytes)
  }

  @Test func theRestIsLeftOutAndThatIsSaid() throws {
    let most = RecordingFlaw.mostEntries
    let recording = try recording(requests: 2 * most)
    let snapshot = recording.snapshot(at: nil)
    // The reader can exceed the limit by at most one block.
    #expect((most...most + 50_000).contains(snapshot.requests.count))
    #expect(recording.flaw == .crowded)
    #expect(recording.recordCount == UInt64(snapshot.requests.count))
    // The part of the recording that was left out does not count as elapsed time.
    #expect(snapshot.time == SampleStream.start + UInt64(snapshot.requests.count))
    #expect(recording.damage?.lastTime == UInt64(snapshot.requests.count))
    let source = try ReplaySource(recording, isPlaying: false, dump: { _, _ in Notice("") })
    defer { source.stop() }
    #expect(source.takeNotices() == [Notice("\(RecordingFlaw.crowded)", isError: true)])
  }

  @Test func whatFitsIsUsedAsAWhole() throws {
    let recording = try recording(requests: RecordingFlaw.mostEntries / 2)
    #expect(recording.snapshot(at: nil).requests.count == RecordingFlaw.mostEntries / 2)
    #expect(recording.flaw == nil)
  }
}
