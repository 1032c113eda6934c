import Foundation
import TestSupport
import Testing

/// Tests that uringtop, if writing its output fails or if it crashes, prints one line and exits
/// with a status that docs/exit-status.md lists.
@Suite struct FailureTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try CommandLineTests.recording().write(to: folder["trace.uring"])
    try CommandLineTests.recording(isComplete: false).write(to: folder["cut.uring"])
  }

  /// Runs a shell command line in the folder. `$uringtop` is the binary.
  private func shell(_ line: String) throws -> Command.Outcome {
    try Command.run(
      ["-c", "cd \(folder.path(".")); \(line)"],
      environment: ["uringtop": Command.binary.path], program: URL(filePath: "/bin/bash"))
  }

  @Test(arguments: [
    "$uringtop --help >/dev/full", "$uringtop --help >&-", "$uringtop --version >&-",
    "$uringtop capabilities >&-", "$uringtop snapshot --from trace.uring >/dev/full",
    "$uringtop export trace.uring -o - >&-",
    "ulimit -f 1; $uringtop export trace.uring -o long.jsonl",
  ])
  func outputThatFailsIsOneLine(line: String) throws {
    let outcome = try shell(line)
    #expect(outcome.status == 74, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("uringtop: writing "))
    #expect(outcome.error.filter(\.isNewline).count == 1, "\(outcome.error)")
  }

  /// With standard error closed, the output file must not get descriptor 2. Otherwise uringtop
  /// would write the warning that the recording is cut off into the output file.
  @Test func noFileTakesThePlaceOfAClosedStream() throws {
    let whole = try shell("$uringtop export cut.uring -o expected.jsonl")
    #expect(whole.status == 0 && whole.error.contains("cut off"))
    #expect(try shell("$uringtop export cut.uring -o out.jsonl 2>&- >&- <&-").status == 0)
    #expect(try Data(contentsOf: folder["out.jsonl"]) == Data(contentsOf: folder["expected.jsonl"]))
  }

  @Test(arguments: [
    (SIGSEGV, "SIGSEGV"), (SIGBUS, "SIGBUS"), (SIGILL, "SIGILL"), (SIGTRAP, "SIGTRAP"),
    (SIGFPE, "SIGFPE"), (SIGABRT, "SIGABRT"),
  ])
  func aCrashIsOneLine(signal: Int32, name: String) throws {
    try #require(mkfifo(folder.path("pipe"), 0o600) == 0)
    // uringtop blocks until the shell opens the pipe for writing. The shell then sends the signal
    // to uringtop.
    let outcome = try shell(
      "$uringtop snapshot --from pipe & exec 3>pipe; kill -\(signal) $!; wait $!")
    #expect(outcome.status == 128 + signal)
    let line = outcome.error.split(separator: "\n").first { $0.hasPrefix("uringtop: ") } ?? ""
    #expect(line.contains("crashed in thread uringtop at 0x") && line.contains("(\(name))"))
  }
}
