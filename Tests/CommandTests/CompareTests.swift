import Foundation
import TestSupport
import Testing

/// Tests of the command `uringtop compare`.
@Suite struct CompareTests {
  private static func fixture(_ program: String) -> String {
    Command.root.appending(path: "Tests/Fixtures/6.18/\(program).uring").path()
  }

  @Test func aRecordingDoesNotDifferFromItself() throws {
    let path = Self.fixture("pointer_reuse")
    let outcome = try Command.run("compare", path, path, "--fail-on", "regression")
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("0 regressions, 0 improvements"))
  }

  /// A finding that only the second recording has is a regression. The command does not test its
  /// significance.
  @Test func aFindingThatAppearedIsARegression() throws {
    let arguments = [Self.fixture("timeout"), Self.fixture("cq_overflow")]
    let outcome = try Command.run(["compare", "--fail-on", "regression"] + arguments)
    #expect(outcome.status == 1)
    #expect(outcome.text.contains("finding appeared  warn  cq-overflow"))
    #expect(try Command.run(["compare"] + arguments).status == 0)
    let reversed = try Command.run(["compare", "--fail-on", "regression"] + arguments.reversed())
    #expect(reversed.status == 0)
    #expect(reversed.text.contains("finding disappeared  warn  cq-overflow"))
  }

  @Test(arguments: [
    ("pointer_reuse", "pointer_reuse"), ("timeout", "cq_overflow"), ("links", "file_mix"),
  ])
  func documentFollowsItsSchema(before: String, after: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      "compare", "--json", Self.fixture(before), Self.fixture(after))
    try outcome.output.write(to: folder["comparison.json"])
    let check = try Command.run(
      Command.root.appending(path: "Tests/validate.py").path(),
      Command.root.appending(path: "docs/schema/comparison.schema.json").path(),
      folder.path("comparison.json"), "document", program: URL(filePath: "/usr/bin/python3"))
    #expect(check.status == 0, "\(check.text)\(check.error)")
  }

  @Test func mistakesAreOneLine() throws {
    let path = Self.fixture("links")
    try Command.expectFailure("compare", path, "/no/such", status: 66, says: "/no/such")
    try Command.expectFailure("compare", "/no/such", path, status: 66, says: "/no/such")
    try Command.expectFailure("compare", "-", "-", status: 64, says: "only one recording")
    try Command.expectFailure("compare", path, status: 64, says: "<after>")
    try Command.expectFailure("compare", path, path, "--where", "age>", status: 64, says: "--where")
  }
}
