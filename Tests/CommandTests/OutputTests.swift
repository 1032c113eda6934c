import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of output files after a failure, and of output paths that are links or have an unusual
/// owner.
@Suite struct OutputTests {
  let folder: TemporaryFolder
  let input: String

  init() throws {
    folder = try TemporaryFolder()
    try CommandLineTests.recording().write(to: folder["a.uring"])
    input = folder.path("a.uring")
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path("")).sorted()
  }

  @Test func linksAreNotFollowed() throws {
    try Data("precious".utf8).write(to: folder["precious"])
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("x.jsonl"), withDestinationPath: folder.path("precious"))
    try Command.expectFailure(
      "export", input, "-o", folder.path("x.jsonl"), status: 73, says: "symbolic link")
    #expect(try Data(contentsOf: folder["precious"]) == Data("precious".utf8))
  }

  @Test func recordingIsNotExportedOntoItself() throws {
    let before = try Command.run("export", input, "-o", "-")
    try Command.expectFailure("export", input, "-o", input, status: 73, says: "is the recording")
    #expect(try Command.run("export", input, "-o", "-").output == before.output)
    #expect(try names() == ["a.uring"])
  }

  @Test func anExportWithoutAFileIsLinesOfJSON() throws {
    let lines = try Command.run("export", input)
    #expect(lines.status == 0)
    #expect(try lines.output == Command.run("export", input, "-o", "-").output)
    #expect(lines.text.hasPrefix("{"))
  }

  @Test func redactedExportHasSubstitutesInBothFormats() throws {
    for format in ["uring", "jsonl"] {
      let path = folder.path("redacted.\(format)")
      let outcome = try Command.run("export", input, "--redact", "-o", path)
      #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
      let trace = try Command.run("export", path, "-o", "-").text
      #expect(trace.contains("\"comm\":\"task1\""))
      #expect(trace.contains("\"ctx\":\"0xffff0000"))
      #expect(trace.contains("\"start_realtime_ns\":0}"))
      let events = try Command.run("export", input, "-o", "-").text.count { $0 == "\n" }
      #expect(trace.count { $0 == "\n" } == events)
    }
    // A redacted copy that ends early because of --at still has an end record, so `report` does not
    // warn that it is cut off.
    let cut = folder.path("cut.uring")
    try Command.run("export", input, "--redact", "--at", "1ms", "-o", cut)
    #expect(try Command.run("report", "--from", cut).error.isEmpty)
  }

  @Test func exportThatFailsLeavesTheOldFile() throws {
    try Data("old".utf8).write(to: folder["x.jsonl"])
    try Data("nonsense".utf8).write(to: folder["bad"])
    try Command.expectFailure(
      "export", folder.path("bad"), "-o", folder.path("x.jsonl"), status: 65, says: "not a uringtop"
    )
    let script =
      "ulimit -f 0; trap '' XFSZ; exec \(Command.binary.path) export \(input) -o \(folder.path("x.jsonl"))"
    let full = try Command.run("-c", script, program: URL(filePath: "/bin/bash"))
    #expect(full.status != 0)
    #expect(try Data(contentsOf: folder["x.jsonl"]) == Data("old".utf8))
    #expect(try names() == ["a.uring", "bad", "x.jsonl"])
  }

  @Test(arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
  func standardOutputHasManyNames(path: String) throws {
    let plain = try Command.run("export", input, "-o", "-")
    let named = try Command.run("export", input, "--format", "jsonl", "-o", path)
    #expect(named.status == 0, "\(named.error)")
    #expect(named.output == plain.output)
  }

  @Test(.enabled(if: Live.isOn, "needs root")) func startThatFailsLeavesTheOldRecording() throws {
    let path = folder.path("x.uring")
    try Data("old".utf8).write(to: folder["x.uring"])
    try Data("plain".utf8).write(to: folder["plain"])
    try Command.expectFailure(
      "record", "-o", path, "--", folder.path("plain"), status: 126, says: "cannot be executed")
    #expect(try Data(contentsOf: folder["x.uring"]) == Data("old".utf8))
    #expect(try names() == ["a.uring", "plain", "x.uring"])
  }

  /// The user in sudo's variables (such as SUDO_UID) can lack an entry in /etc/passwd, for example
  /// a user of a directory service or a container.
  @Test(.enabled(if: Live.isOn, "needs root")) func userWithoutAnEntryRunsTheCommand() throws {
    let path = folder.path("x.uring")
    let outcome = try Command.run(
      "record", "-o", path, "--", "sh", "-c", "id -u; id -g; id -G",
      environment: ["SUDO_UID": "123456", "SUDO_GID": "234567", "SUDO_USER": "nobody-knows"])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.text == "123456\n234567\n234567\n")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.ownerAccountID] as? Int == 123456)
  }
}
