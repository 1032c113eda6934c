import CRecord
import Glibc
import SystemPackage
import Testing
import UringRecords

@testable import UringFields
@testable import UringFindings
@testable import UringRecordings
@testable import UringSources
@testable import UringTrace

@Suite struct FlightTests {
  private func recorder(bytes: Int = 1 << 30) throws -> FlightRecorder {
    // The test's records have times in the first second after boot. A realistic duration would drop
    // them as too old.
    try FlightRecorder(FlightRecorder.Limits(duration: 1 << 60, bytes: bytes))
  }

  private func file(_ flight: FrozenFlight, end: UInt64) throws -> Recording {
    let path = TemporaryFile.path("flight.uring")
    defer { unlink(path) }
    try flight.write(
      to: OutputFile(creating: path, owner: nil), toolVersion: "1", host: SampleStream.host,
      end: end)
    return try Recording(path: FilePath(path))
  }

  private func append(_ stream: SampleStream, to recorder: FlightRecorder) {
    stream.buffer.bytes.withUnsafeBytes { recorder.append($0) }
  }

  @Test func allThatIsKeptIsWritten() throws {
    let stream = SampleStream(repetitions: 300)
    let recorder = try recorder()
    recorder.beginSection(rings: RecordBuffer(), at: SampleStream.start)
    append(stream, to: recorder)
    let recording = try file(recorder.freeze(since: 0), end: stream.time + 5)
    recorder.stop()
    #expect(recording.flaw == nil)
    #expect(recording.withRecordBytes { Array($0) } == stream.buffer.bytes)
    #expect(recording.endTime == stream.time + 5)
    #expect(recording.header.host.kernel == SampleStream.host.kernel)
  }

  @Test func aFileBeginsAtASectionWithItsNamesAndRings() throws {
    let stream = SampleStream(repetitions: 50)
    let recorder = try recorder()
    recorder.beginSection(rings: RecordBuffer(), at: SampleStream.start)
    append(stream, to: recorder)
    let snapshot = try Recording(bytes: stream.binary()).snapshot(at: nil)
    let middle = stream.time + 1_000
    recorder.beginSection(rings: RecordBuffer(ringsOf: snapshot, at: middle), at: middle)
    var later = RecordStream()
    later.submit(1, "READ", userData: 7)
    for words in later.records { words.withUnsafeBytes { recorder.append($0) } }
    let recording = try file(recorder.freeze(since: middle + 500), end: middle + 2_000_000_000)
    recorder.stop()
    #expect(recording.flaw == nil)
    #expect(recording.header.host.startTime == middle)
    #expect(
      recording.header.host.startRealtime
        == SampleStream.host.startRealtime + middle - SampleStream.host.startTime)
    let told = recording.snapshot(at: nil)
    #expect(told.rings.contains { $0.address == SampleStream.context && $0.isFound })
    // The task names were recorded before the written section began, so the file must repeat them.
    #expect(told.taskNames == snapshot.taskNames)
    #expect(told.totals.submitted == 1)
  }

  @Test func sectionsThatAreTooOldOrTooLargeAreDropped() {
    var ring = FlightRing()
    let header = RecordingHeader(toolVersion: "", host: SampleStream.host)
    let encoder = BlockEncoder(header: header)
    func block() -> [UInt8] {
      var bytes: [UInt8] = []
      SampleStream(repetitions: 10).buffer.bytes.withUnsafeBytes {
        encoder.encode($0, into: &bytes)
      }
      return bytes
    }
    let size = block().count
    for time in stride(from: UInt64(100), through: 1_000, by: 100) {
      ring.begin(at: time, state: [1, 2, 3])
      block().withUnsafeBytes { ring.append($0) }
      ring.drop(before: time.since(300), most: 1 << 20)
    }
    #expect(ring.sections.map(\.time) == [700, 800, 900, 1_000])
    #expect(ring.sections(since: 850).map(\.time) == [800, 900, 1_000])
    #expect(ring.sections(since: 5).count == 4)
    let bytes = ring.sections.reduce(0) { $0 + $1.bytes }
    #expect(ring.bytes == bytes && bytes >= 4 * (size - 50))
    ring.drop(before: 0, most: 2 * size + 100)
    #expect(ring.sections.map(\.time) == [900, 1_000])
    // If only one section is left, its oldest blocks are dropped.
    for _ in 0..<10 { block().withUnsafeBytes { ring.append($0) } }
    ring.drop(before: 0, most: 4 * size)
    #expect(ring.sections.count == 1)
    #expect(ring.bytes <= 4 * size && ring.bytes > 2 * size)
  }

  @Test func memoryIsBoundedInAFlood() throws {
    let recorder = try recorder(bytes: 1 << 20)
    let stream = SampleStream(repetitions: 2_000)
    for round in 0..<20 {
      recorder.beginSection(rings: RecordBuffer(), at: UInt64(round))
      append(stream, to: recorder)
      _ = recorder.freeze(since: 0)
      #expect(recorder.byteCount <= 1 << 20)
    }
    #expect(recorder.byteCount > 1 << 18)
    recorder.stop()
  }

  // MARK: Triggers

  @Test(arguments: ["crit", "cq-overflow", "p99>50ms", "max>1s count>100", "age>10s"])
  func conditionsAreUnderstood(text: String) throws {
    #expect(try Trigger.list(text).count == 1)
  }

  @Test(arguments: ["nonsense", "", "crit,", "p99>many", "nosuchfield>5"])
  func mistakesAreErrors(text: String) {
    #expect(throws: QueryError.self) { try Trigger.list(text) }
  }

  @Test func aNamedFilterIsACondition() throws {
    let filters = NamedFilters([
      "old": "age>=0ns !opcode=NOP", "word": "timeout", "wrong": "agee>1s",
    ])
    let snapshot = try Recording(bytes: SampleStream(repetitions: 100).binary()).snapshot(at: nil)
    let triggers = try Trigger.list("crit,@old", named: filters)
    let matches = triggers[1].matches(in: snapshot, findings: [], latency: [])
    #expect(!matches.isEmpty)
    #expect(matches.count == snapshot.requests.count { $0.opcode.name != "NOP" })
    for text in ["@word", "@wrong", "@unknown"] {
      #expect(throws: QueryError.self) { try Trigger(text, named: filters) }
    }
    let error = #expect(throws: QueryError.self) { try Trigger("@wrong", named: filters) }
    #expect(error?.message.contains("in @wrong") == true, "\(error as Any)")
  }

  @Test func severitiesTagsAndComparisonsMatch() throws {
    let snapshot = try Recording(bytes: SampleStream(repetitions: 100).binary()).snapshot(at: nil)
    var diagnosis = Diagnosis()
    let findings = diagnosis.findings(in: snapshot)
    var intervals = IntervalLatency()
    let latency = intervals.advance(to: snapshot)
    #expect(latency.map(\.summary.count) == snapshot.latency.map(\.summary.count))
    for (text, count) in [
      ("info", findings.count), ("p99>1ns", latency.count), ("p99>1000s", 0),
      ("submitted>0", snapshot.rings.count { $0.counts.submitted > 0 }),
      ("age>=0ns", snapshot.requests.count),
    ] {
      let matches = try Trigger(text).matches(in: snapshot, findings: findings, latency: latency)
      #expect(matches.count == count, "\(text)")
    }
    // No request has ended since the previous snapshot.
    #expect(intervals.advance(to: snapshot).isEmpty)
  }
}
