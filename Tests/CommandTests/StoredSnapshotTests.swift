import Foundation
import TestSupport
import Testing

/// Tests that `snapshot --from` reads the JSON that `snapshot --json` has written.
@Suite struct StoredSnapshotTests {
  private static let recordings = [
    "Tests/Fixtures/6.18/errors.uring", "Tests/Fixtures/6.18/poll_armed.uring",
    "Tests/Ublk/Recordings/7.3/zero-copy+faults.uring",
  ]

  /// Writes the JSON of a snapshot at a moment with requests in flight, and returns its path.
  private static func saved(_ recording: String, in folder: TemporaryFolder) throws -> String {
    let json = try Command.run(
      "snapshot", "--json", "--from", path(recording), "--at", "100ms")
    let path = folder.path("snapshot.json")
    try Data(json.text.utf8).write(to: URL(filePath: path))
    return path
  }

  private static func path(_ recording: String) -> String {
    Command.root.appending(path: recording).path()
  }

  @Test(arguments: recordings) func theTableAndTheJSONAreTheSame(recording: String) throws {
    let folder = try TemporaryFolder()
    let saved = try Self.saved(recording, in: folder)
    for options in [[], ["--json"], ["--where", "op:READ"], ["--list", "rings", "--csv"]] {
      let original = try Command.run(
        ["snapshot", "--from", Self.path(recording), "--at", "100ms"] + options)
      let copy = try Command.run(["snapshot", "--from", saved] + options)
      #expect(copy.status == 0 && copy.error.isEmpty, "\(options) \(copy.error)")
      #expect(copy.text == original.text, "\(options)")
    }
  }

  @Test func whatNeedsARecordingIsRefused() throws {
    let folder = try TemporaryFolder()
    let saved = try Self.saved(Self.recordings[0], in: folder)
    for command in [["replay", saved], ["export", saved], ["report", "--from", saved]] {
      let outcome = try Command.run(command)
      #expect(outcome.error.contains("only `uringtop snapshot --from` reads"), "\(outcome.error)")
      #expect(outcome.status == 65)
    }
    try Command.expectFailure(
      "snapshot", "--from", saved, "--at", "1s", status: 64, says: "--at names a moment")
    try Command.expectFailure(
      "snapshot", "--from", saved, "--pid", "1", status: 64, says: "--where only")
  }

  @Test func otherJSONIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("other.json")
    try Data("{\"a\": 1}".utf8).write(to: URL(filePath: path))
    try Command.expectFailure(
      "snapshot", "--from", path, status: 65, says: "nor the JSON of a snapshot")
  }
}
