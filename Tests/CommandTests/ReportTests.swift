import Foundation
import TestSupport
import Testing

/// Tests of the command `uringtop report`.
@Suite struct ReportTests {
  private static func fixture(_ name: String) -> String {
    Command.root.appending(path: "Tests/Fixtures/6.18/\(name).uring").path()
  }

  @Test func textSaysWhatIsWrongAndWhatHelps() throws {
    let outcome = try Command.run("report", "--from", Self.fixture("links"))
    #expect(outcome.status == 0)
    #expect(outcome.error.isEmpty)
    for part in ["warn  broken-chain  ring 1", "0x1004", "100 of 4096", "means:", "do:", "2 warn"] {
      #expect(outcome.text.contains(part), "\(part)")
    }
  }

  @Test(arguments: [
    ("links", "info", 1), ("links", "warn", 1), ("links", "crit", 0), ("timeout", "info", 0),
  ])
  func statusTellsWhetherAFindingIsAsBad(program: String, severity: String, status: Int32) throws {
    let outcome = try Command.run(
      "report", "--from", Self.fixture(program), "--fail-on", severity)
    #expect(outcome.status == status)
  }

  /// Commands that read a recording refuse options that choose what to capture.
  @Test(arguments: [["--stacks"], ["--sample", "1/2"], ["--syscalls", "on"]])
  func captureOptionsAreForLiveCommands(_ options: [String]) throws {
    let recording = Self.fixture("links")
    for command in ["report", "snapshot"] {
      try Command.expectFailure(
        [command, "--from", recording] + options, status: 64, says: "\(options[0]) is for live")
    }
    try Command.expectFailure(["replay", recording] + options, status: 64, says: options[0])
    #expect(try !Command.run("replay", "--help").text.contains(options[0]))
  }

  @Test func contradictionsAreRefused() throws {
    let recording = Self.fixture("links")
    try Command.expectFailure(
      "report", "--from", recording, "--duration", "1s", status: 64, says: "--duration is for live")
    try Command.expectFailure(
      "report", "--from", recording, "--", "true", status: 64, says: "no COMMAND")
    try Command.expectFailure("report", "--fail-on", "fatal", status: 64, says: "fatal")
  }

  @Test(arguments: ["links", "cq_overflow", "timeout"])
  func documentFollowsItsSchema(program: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run("report", "--json", "--from", Self.fixture(program))
    try outcome.output.write(to: folder["report.json"])
    let check = try Command.run(
      Command.root.appending(path: "Tests/validate.py").path(),
      Command.root.appending(path: "docs/schema/report.schema.json").path(),
      folder.path("report.json"), "document", program: URL(filePath: "/usr/bin/python3"))
    #expect(check.status == 0, "\(check.text)\(check.error)")
  }

  @Test func aReportIsOfAnyMomentOfARecording() throws {
    let recording = Self.fixture("links")
    let start = try Command.run("report", "--from", recording, "--at", "0ms")
    #expect(start.status == 0)
    #expect(start.text.hasPrefix("no findings"))
    let late = try Command.run("report", "--from", recording, "--at", "1h")
    #expect(late.text.contains("broken-chain"))
    #expect(late.error.contains("is past the end of the recording"))
    try Command.expectFailure("report", "--at", "1s", status: 64, says: "--at needs --from")
  }

  /// A copy that ends at a time (`export --at`) gives the same snapshot as the whole recording at
  /// that time.
  @Test(arguments: ["uring", "jsonl"]) func aCopyCanEndEarlier(format: String) throws {
    let folder = try TemporaryFolder()
    let (recording, copy) = (Self.fixture("links"), folder.path("copy.\(format)"))
    for time in ["0ms", "3ms", "1h"] {
      let export = try Command.run("export", recording, "--at", time, "-o", copy)
      #expect(export.status == 0)
      let then = try Command.run("snapshot", "--json", "--from", recording, "--at", time)
      let now = try Command.run("snapshot", "--json", "--from", copy)
      #expect(then.status == 0 && now.error.isEmpty)
      #expect(then.output == now.output, "\(time)")
    }
  }

  /// If the observed command fails, `report` exits with another status than for a finding.
  @Test(
    .enabled(if: Live.isOn, "needs root"),
    arguments: [("exit 0", 0), ("exit 7", 2), ("kill -9 $$", 2)])
  func failureOfTheCommandIsKeptApart(script: String, status: Int32) throws {
    let outcome = try Command.run(
      "report", "--json", "--fail-on", "info", "--", "sh", "-c", "echo said; \(script)")
    #expect(outcome.status == status)
    #expect(outcome.error.contains("said"))
    let document = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    let command = try #require(document["command"] as? [String: Any])
    #expect(command["status"] as? Int == ["exit 0": 0, "exit 7": 7][script])
    #expect(command["signal"] as? Int == (script.hasPrefix("kill") ? 9 : nil))
  }
}
