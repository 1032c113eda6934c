import Foundation
import FoundationXML
import TestSupport
import Testing

/// Tests of `uringtop report` as CI jobs use it: `--ignore`, `--require-rings`, output formats and
/// exit statuses.
@Suite struct ContinuousIntegrationTests {
  private static func fixture(_ name: String) -> String {
    Command.root.appending(path: "Tests/Fixtures/6.18/\(name).uring").path()
  }

  private func tags(_ arguments: String...) throws -> [String] {
    let outcome = try Command.run(["report", "--json"] + arguments)
    let document = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    let findings = try #require(document["findings"] as? [[String: Any]])
    return findings.compactMap { $0["tag"] as? String }
  }

  @Test func ignoredFindingsAreLeftOut() throws {
    let recording = Self.fixture("links")
    let all = try tags("--from", recording)
    #expect(all.count { $0 == "broken-chain" } == 2)
    let without = try tags("--from", recording, "--ignore", "broken-chain")
    #expect(without == all.filter { $0 != "broken-chain" })
    #expect(try tags("--from", recording, "--ignore", "broken-chain:summary:*no such text*") == all)
    #expect(try tags("--from", recording, "--ignore", "broken-chain:severity=warn") == without)
    let ignored = all.flatMap { ["--ignore", $0] }
    let none = try Command.run(
      ["report", "--from", recording, "--fail-on", "info"] + ignored)
    #expect(none.status == 0)
    #expect(none.text.hasPrefix("no findings to report (\(all.count) left out)"), "\(none.text)")
  }

  @Test func mistakesInIgnoreAreErrors() throws {
    let recording = Self.fixture("links")
    try Command.expectFailure(
      "report", "--from", recording, "--ignore", "hangs", status: 64,
      says: "no rule has the tag 'hangs'")
    try Command.expectFailure(
      "report", "--from", recording, "--ignore", "hang:severity=", status: 64,
      says: "--ignore hang, at 1")
    try Command.expectFailure(
      "report", "--from", recording, "--json", "--format", "junit", status: 64,
      says: "a report has one format")
  }

  @Test func noRingIsAFailureIfRingsAreRequired() throws {
    let recording = Self.fixture("links")
    let found = try Command.run("report", "--from", recording, "--require-rings")
    #expect(found.status == 0)
    let none = ["report", "--from", recording, "--comm", "nobody"]
    #expect(try Command.run(none).status == 0)
    let required = try Command.run(none + ["--require-rings"])
    #expect(required.status == 3)
    #expect(required.error == "uringtop: no ring was watched\n")
    let annotated = try Command.run(none + ["--require-rings", "--format", "github"])
    #expect(annotated.text.hasPrefix("::error title=uringtop::no ring was watched\n"))
  }

  @Test func annotationsAreOneLinePerFinding() throws {
    let outcome = try Command.run(
      "report", "--from", Self.fixture("links"), "--format", "github", "--fail-on", "warn")
    #expect(outcome.status == 1)
    let lines = outcome.text.split(separator: "\n")
    let commands = lines.filter { $0.hasPrefix("::") }
    #expect(try commands.count == tags("--from", Self.fixture("links")).count)
    #expect(commands.contains { $0.hasPrefix("::warning title=broken-chain::") })
    // Each message has three lines, separated by %0A: summary, meaning and cure.
    #expect(commands.allSatisfy { $0.components(separatedBy: "%0A").count == 3 })
  }

  @Test func testResultsHaveATestForEachRule() throws {
    let folder = try TemporaryFolder()
    for (arguments, failures) in [
      ([], ["broken-chain"]), (["--ignore", "broken-chain"], []), (["--fail-on", "crit"], []),
    ] as [([String], [String])] {
      let outcome = try Command.run(
        ["report", "--from", Self.fixture("links"), "--format", "junit", "--require-rings"]
          + arguments + ["-o", folder.path("result.xml")])
      #expect(outcome.status == 0 && outcome.text.isEmpty && outcome.error.isEmpty)
      let document = try XMLDocument(contentsOf: folder["result.xml"])
      let cases = try document.nodes(forXPath: "/testsuites/testsuite/testcase")
      #expect(cases.count > 50)
      let failed = try document.nodes(forXPath: "//testcase[failure]/@name")
      #expect(failed.compactMap(\.stringValue) == failures)
      let count = try document.nodes(forXPath: "/testsuites/@failures").first?.stringValue
      #expect(count == "\(failed.count)")
      if arguments.contains("--ignore") {
        let skipped = try document.nodes(forXPath: "//testcase[skipped]/@name")
        #expect(skipped.contains { $0.stringValue == "broken-chain" })
      }
    }
  }

  /// Runs the `report` commands that contrib/github-workflow.yml contains.
  @Test func exampleWorkflowRunsReportsOnARecording() throws {
    let folder = try TemporaryFolder()
    let workflow = try String(
      contentsOf: Command.root.appending(path: "contrib/github-workflow.yml"), encoding: .utf8)
    // Joins the folded lines of each command.
    let joined = workflow.replacing("\n          --", with: " --")
    let reports = joined.split(separator: "\n").compactMap { line -> [String]? in
      guard let range = line.range(of: "report ") else { return nil }
      let words = line[range.lowerBound...].split(whereSeparator: { " '".contains($0) })
      return words.map { word in
        switch word {
        case "trace.uring": Self.fixture("timeout")
        case "uringtop.xml": folder.path("uringtop.xml")
        default: String(word)
        }
      }
    }
    #expect(reports.count == 2)
    for report in reports {
      let outcome = try Command.run(report)
      #expect(outcome.status == 0, "\(report): \(outcome.error)")
    }
    #expect(FileManager.default.fileExists(atPath: folder.path("uringtop.xml")))
  }

  @Test func anExistingFileStaysUntilTheReportIsComplete() throws {
    let folder = try TemporaryFolder()
    try Data("old".utf8).write(to: folder["report.txt"])
    try Command.expectFailure(
      "report", "--from", folder.path("none.uring"), "-o", folder.path("report.txt"), status: 66,
      says: "none.uring")
    #expect(try String(contentsOf: folder["report.txt"], encoding: .utf8) == "old")
    let recording = Self.fixture("links")
    try FileManager.default.copyItem(atPath: recording, toPath: folder.path("links.uring"))
    try Command.expectFailure(
      "report", "--from", folder.path("links.uring"), "-o", folder.path("links.uring"), status: 73,
      says: "it is the recording that is read")
  }
}
