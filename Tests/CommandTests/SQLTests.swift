import Foundation
import TestSupport
import Testing

/// Tests of the queries in docs/sql.md.
@Suite struct SQLTests {
  @Test func everyQueryOfTheDocumentRunsOnARecording() throws {
    let folder = try TemporaryFolder()
    let recording = Command.root.appending(
      path: "Tests/Ublk/Recordings/7.3/zero-copy+faults.uring"
    ).path()
    for file in ["trace.jsonl", "events.csv"] {
      let outcome = try Command.run("export", recording, "-o", folder.path(file))
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let snapshot = try Command.run("snapshot", "--json", "--from", recording)
    try snapshot.output.write(to: folder["snapshot.json"])
    let outcome = try Python.run(
      "Tests/SQL/run.py", Command.root.appending(path: "docs/sql.md").path(), folder.path(""))
    #expect(outcome.status == 0, "\(outcome.error)")
    for topic in ["by file", "Errors per minute", "Groups returned late", "CSV"] {
      #expect(outcome.text.contains(topic), "\(topic)")
    }
  }
}
