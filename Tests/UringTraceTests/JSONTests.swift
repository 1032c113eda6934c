import Glibc
import Testing
import UringRecords
import UringSources

@testable import UringDocuments
@testable import UringRecordings
@testable import UringTrace

@Suite struct JSONTests {
  @Test func textIsEscaped() {
    var json = JSONWriter()
    json.value("a\"b\\c\n\t\u{0}\u{1b}\u{9b}\u{7f}é€😀")
    let text = String(decoding: json.bytes, as: UTF8.self)
    #expect(text == #""a\"b\\c\n\t\u0000\u001b\u009b\u007fé€😀""#)
  }

  @Test func numbersAreWhole() {
    var json = JSONWriter()
    json.array([0, 1]) { json, index in
      if index == 0 {
        json.value(Int64.min)
        json.value(UInt64.max)
        json.value(Double.infinity)
        json.value(1.5)
      } else {
        json.hex(0)
        json.hex(0x10)
        json.hex(.max)
      }
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"[-9223372036854775808,18446744073709551615,null,1.5,"0x0","0x10","0xffffffffffffffff"]"#
    )
  }

  @Test func traceGivesTheRecordsBack() throws {
    let stream = SampleStream()
    let binary = try Recording(bytes: stream.binary())
    let trace = try Recording(bytes: stream.encoded(.jsonl))
    #expect(trace.flaw == nil)
    #expect(trace.recordCount == binary.recordCount)
    #expect(trace.lost == binary.lost)
    let document = SnapshotDocument(binary.snapshot(at: nil), toolVersion: "").encoded()
    let again = SnapshotDocument(trace.snapshot(at: nil), toolVersion: "").encoded()
    #expect(String(decoding: document, as: UTF8.self) == String(decoding: again, as: UTF8.self))
  }

  /// The application overwrote the SQE while the kernel took it, so the recorded SQE differs from
  /// the request. The stream's skip record (success without a CQE) arrives after the request has
  /// ended, so the trace marks it `ignored`.
  @Test func traceGivesBackWhatDiffersFromTheRequest() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 5) { sqe in
      sqe.opcode = op("WRITE").rawValue
      sqe.user_data = 6
    }
    stream.complete(1, 100)
    stream.skip(1)
    var buffer = RecordBuffer()
    for words in stream.records { words.withUnsafeBytes { buffer.append(whole: $0) } }
    let host = HostDescription(kernel: "", tier: "", startTime: 1, startRealtime: 1)
    let encoder = TraceFormat.jsonl.makeEncoder(
      header: RecordingHeader(toolVersion: "", host: host))
    var text: [UInt8] = []
    encoder.begin(into: &text)
    buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &text) }
    let trace = String(decoding: text, as: UTF8.self)
    #expect(trace.contains("\"sqe_opcode\":\(op("WRITE").rawValue)"))
    #expect(trace.contains("\"ignored\":true"))
    #expect(try Recording(bytes: text).withRecordBytes { Array($0) } == buffer.bytes)
  }

  @Test func traceWithoutSummaryIsCutOff() throws {
    let text = SampleStream().encoded(.jsonl, isComplete: false)
    #expect(try Recording(bytes: text).flaw == .cutOff)
    let cut = try Recording(bytes: Array(text.dropLast(20)))
    #expect(cut.flaw == .cutOff)
    #expect(cut.recordCount == SampleStream().buffer.count - 1)
  }

  @Test func badLineEndsWhatIsUsed() throws {
    var lines = String(decoding: SampleStream().encoded(.jsonl), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    lines[3] = #"{"type":"event","event":"nonsense"}"#
    let text = lines.joined(separator: "\n") + "\n"
    let recording = try Recording(bytes: Array(text.utf8))
    #expect(recording.flaw == .corrupt(place: 4, isLine: true))
    #expect(recording.recordCount == 2)
  }

  @Test func documentsFollowTheirSchemas() throws {
    let stream = SampleStream()
    let trace = TemporaryFile.path("trace.jsonl")
    let snapshot = TemporaryFile.path("snapshot.json")
    defer {
      unlink(trace)
      unlink(snapshot)
    }
    let recording = try Recording(bytes: stream.binary())
    try OutputFile.write(stream.encoded(.jsonl), to: trace, owner: nil)
    try OutputFile.write(
      SnapshotDocument(recording.snapshot(at: nil), toolVersion: "0").encoded(), to: snapshot,
      owner: nil)
    try Schema.validate(trace, isLines: true, schema: "trace")
    try Schema.validate(snapshot, isLines: false, schema: "snapshot")
  }
}
