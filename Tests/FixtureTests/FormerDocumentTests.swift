import Foundation
import TestSupport
import Testing
import UringDocuments
import UringFields
import UringFindings

/// Tests that uringtop reads, without loss, documents that its earlier versions wrote in older
/// schemas.
@Suite struct FormerDocumentTests {
  private static func path(_ name: String) -> String {
    Command.root.appending(path: "Tests/Former/\(name)").path()
  }

  private static func fixture(_ program: String) throws -> Observation {
    try #require(Fixtures.of(program).first { $0.kernel == "6.18" })
  }

  /// trace-1.jsonl is the trace of the fixture fixed_files, in schema 1.
  @Test func theTraceHasTheRecordsOfItsRecording() throws {
    let recording = try Observation.recording(Self.path("trace-1.jsonl"))
    #expect(recording.flaw == nil)
    let original = try Self.fixture("fixed_files").recording()
    #expect(recording.withRecordBytes { Array($0) } == original.withRecordBytes { Array($0) })
  }

  /// snapshot-2.json is the snapshot of the fixture poll_armed, in schema 2.
  @Test func theSnapshotHasTheRowsOfItsRecording() throws {
    let bytes = try Data(contentsOf: URL(filePath: Self.path("snapshot-2.json")))
    let stored = try Array(bytes).withUnsafeBytes { try StoredSnapshot($0) }
    let snapshot = try Self.fixture("poll_armed").snapshot()
    var diagnosis = Diagnosis(seesEveryRequest: true)
    let findings = diagnosis.findings(in: snapshot)
    let all = SnapshotList.Choice(condition: nil, columns: nil, grouping: nil)
    for list in SnapshotList.all {
      let original = try list.selection(all, of: snapshot, findings: findings)
      #expect(try stored.selection(all, of: list).rows.csv == original.rows.csv, "\(list.name)")
    }
  }
}
