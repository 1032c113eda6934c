import TestSupport
import Testing
import UringDocuments
import UringFields
import UringFindings
import UringSources
import UringTrace

/// Tests that a snapshot which is read from its JSON has the same rows, values and JSON as the
/// original.
@Suite struct StoredSnapshotTests {
  private static func document(
    _ snapshot: Snapshot
  ) -> (bytes: [UInt8], findings: [Finding]) {
    var diagnosis = Diagnosis(seesEveryRequest: true)
    let findings = diagnosis.findings(in: snapshot)
    let document = SnapshotDocument(
      snapshot, findings: findings,
      notEvaluated: diagnosis.notEvaluated(in: snapshot, besides: findings), toolVersion: "1")
    return (document.encoded(), findings)
  }

  private static func stored(_ bytes: [UInt8]) throws -> StoredSnapshot {
    try bytes.withUnsafeBytes { try StoredSnapshot($0) }
  }

  /// Returns snapshots in the middle and at the end of a recording.
  private static func snapshots(_ fixture: Observation) throws -> [Snapshot] {
    let recording = try Observation.recording(fixture.path)
    let end = recording.snapshot(at: nil)
    let middle = end.time.since(end.host.startTime) / 2
    return [recording.snapshot(at: middle), end]
  }

  @Test(arguments: Fixtures.all) func jsonAndRowsAreThoseOfTheOriginal(
    _ fixture: Observation
  ) throws {
    for snapshot in try Self.snapshots(fixture) {
      let (bytes, findings) = Self.document(snapshot)
      let stored = try Self.stored(bytes)
      #expect(stored.encoded() == bytes)
      let all = SnapshotList.Choice(condition: nil, columns: nil, grouping: nil)
      for list in SnapshotList.all {
        let original = try list.selection(all, of: snapshot, findings: findings)
        let copy = try stored.selection(all, of: list)
        #expect(copy.rows.csv == original.rows.csv, "\(list.name)")
        #expect(copy.rows.lines == original.rows.lines, "\(list.name)")
      }
    }
  }

  @Test func anExpressionSelectsTheSameRequests() throws {
    let fixture = try #require(Fixtures.of("links").first)
    let snapshot = try fixture.snapshot()
    var stored = try Self.stored(Self.document(snapshot).bytes)
    let condition = "result<0 !op:READ"
    try stored.keepRequests(matching: condition)
    let query = try Query<Request>(condition, over: .requests)
    let count = snapshot.recent.count { query.matches($0, in: snapshot) }
    let all = SnapshotList.Choice(condition: nil, columns: nil, grouping: nil)
    let recent = try #require(SnapshotList.all.first { $0.name == "recent" })
    #expect(try stored.selection(all, of: recent).all == count)
    #expect(count < snapshot.recent.count)
  }

  /// The previous schema, 2, had other names for two members of `stages`, and no count of damaged
  /// records.
  @Test func theSchemaBeforeIsRead() throws {
    let fixture = try #require(Fixtures.of("poll_armed").first)
    let bytes = Self.document(try fixture.snapshot()).bytes
    let old = String(decoding: bytes, as: UTF8.self)
      .replacing("\"schema\":3", with: "\"schema\":2")
      .replacing("\"poll_armed_ns\"", with: "\"poll_ns\"")
      .replacing("\"io_wq_ns\"", with: "\"worker_ns\"")
      .replacing(",\"damaged\":0}", with: "}")
    #expect(old.contains("worker_ns") && !old.contains("damaged\":"))
    #expect(try Self.stored(Array(old.utf8)).encoded() == bytes)
  }

  @Test(arguments: [
    (#""schema":3"#, #""schema":4"#, "newer uringtop"),
    (#""schema":3"#, #""schema":1"#, "schema 1"),
    (#""tool":"uringtop""#, #""tool":"other""#, "neither"),
    (#""time_ns":"#, #""time_ns":null,"x":"#, "time_ns is not a number"),
    (#""records":"#, #""x":"#, "records is missing"),
    (#""state":""#, #""state":1,"x":""#, "state is not a text"),
  ]) func otherDocumentsAreRefused(old: String, new: String, reason: String) throws {
    let fixture = try #require(Fixtures.of("links").first)
    let bytes = Self.document(try fixture.snapshot()).bytes
    let text = String(decoding: bytes, as: UTF8.self).replacing(old, with: new, maxReplacements: 1)
    let error = #expect(throws: StoredSnapshot.Failure.self) { try Self.stored(Array(text.utf8)) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }
}
