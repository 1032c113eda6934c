import Foundation
import TestSupport
import Testing
import UringRecordings

/// Tests of commands that need no privileges: help, invalid command lines, and commands that read
/// recordings.
@Suite struct CommandLineTests {
  /// A recording from Linux 6.18: a NOP, then a READ on an empty pipe that is in flight until the
  /// program exits.
  ///
  /// - Parameter isComplete: If false, the recording is cut in the middle of the READ's completion.
  static func recording(isComplete: Bool = true) throws -> Data {
    let data = try Data(
      contentsOf: Command.root.appending(path: "Tests/CommandTests/Recordings/read-on-pipe.uring"))
    return isComplete ? data : data.dropLast(48 + 32)
  }

  @Test func versionIsOneLine() throws {
    let outcome = try Command.run("--version")
    #expect(outcome.status == 0)
    #expect(outcome.text.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test(arguments: [
    "", "live", "record", "replay", "snapshot", "top", "serve", "export", "capabilities", "demo",
  ])
  func helpIsThere(subcommand: String) throws {
    let outcome = try Command.run((subcommand.isEmpty ? [] : [subcommand]) + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("EXAMPLES:"))
    #expect(outcome.text.contains("USAGE:"))
    #expect(outcome.error.isEmpty)
  }

  @Test(arguments: ["trace.uring", "trace.jsonl"])
  func aRecordingIsNotWrittenOverItself(name: String) throws {
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["original.uring"])
    try Command.run("export", folder.path("original.uring"), "-o", folder.path(name))
    let before = try Data(contentsOf: folder[name])
    try FileManager.default.linkItem(at: folder[name], to: folder["link.uring"])
    for output in [folder.path(name), folder.path("link.uring")] {
      try Command.expectFailure(
        "export", folder.path(name), "-o", output, status: 73, says: "the recording that is read")
    }
    #expect(try Data(contentsOf: folder[name]) == before)
  }

  @Test(arguments: [
    (["record", "--frobnicate"], "(see uringtop record --help)"),
    (["snapshot", "--at", "1s"], "(see uringtop snapshot --help)"),
    (["recrod"], "Unexpected argument 'recrod'; did you mean record? (see uringtop --help)"),
  ])
  func aMistakeNamesTheHelpOfItsCommand(arguments: [String], hint: String) throws {
    let outcome = try Command.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.error.hasSuffix(hint + "\n"), "\(outcome.error)")
  }

  /// A finding includes descriptions of the requests that it names, even if a filter excludes these
  /// requests from the document's lists.
  @Test func whatFindingsNameIsThereWithoutBeingListed() throws {
    struct Named: Decodable { var opcode: String? }
    struct Finding: Decodable { var requests: [Named] }
    struct Document: Decodable {
      var recent: [Named]
      var findings: [Finding]
    }
    let links = Command.root.appending(path: "Tests/Fixtures/6.18/links.uring").path()
    let outcome = try Command.run(
      "snapshot", "--json", "--from", links, "--where", "op:FSYNC")
    let document = try JSONDecoder().decode(Document.self, from: outcome.output)
    #expect(document.recent.isEmpty)
    #expect(document.findings.first?.requests.first?.opcode == "READ")
  }

  /// If a list is empty, the output has a line that states this.
  @Test func aTableSaysThatNothingIsInFlight() throws {
    let links = Command.root.appending(path: "Tests/Fixtures/6.18/links.uring").path()
    #expect(try Command.run("snapshot", "--from", links).text.contains("no requests in flight\n"))
    #expect(
      try Command.run("snapshot", "--from", links, "--where", "op:FSYNC").text.contains(
        "no request in flight matches 'op:FSYNC'\n"))
    let groups = Command.root.appending(path: "Tests/Ublk/Recordings/7.3/zero-copy.uring").path()
    #expect(try Command.run("snapshot", "--from", groups).text.contains("groups ended as intended"))
  }

  @Test func badCommandLines() throws {
    try Command.expectFailure("recrod", status: 64, says: "recrod")
    try Command.expectFailure("--frobnicate", status: 64, says: "frobnicate")
    try Command.expectFailure("--pid", "x", status: 64, says: "not a process id")
    try Command.expectFailure("--fd", "-2", status: 64, says: "fd")
    try Command.expectFailure("--min-age", "10", status: 64, says: "min-age")
    try Command.expectFailure("--min-age", "10x", status: 64, says: "min-age")
    try Command.expectFailure("--interval", "1ms", status: 64, says: "--interval")
    try Command.expectFailure("--where", "sate=x", status: 64, says: "did you mean state")
    try Command.expectFailure("replay", "x", "--where", "age>30", status: 64, says: "at 5")
    try Command.expectFailure(
      "record", "-o", "x.uring", "--where", "age>30ms", status: 64,
      says: "'age' is not a field of recorded requests")
    try Command.expectFailure(
      "record", "-o", "x.uring", "--where", "op=READ !op:READ", status: 64,
      says: "holds for no opcode")
    try Command.expectFailure("snapshot", "--at", "1s", status: 64, says: "--from")
    try Command.expectFailure("record", status: 64, says: "--output")
    try Command.expectFailure("record", "-o", "x.txt", status: 64, says: ".jsonl")
    try Command.expectFailure(
      "record", "-o", "x.jsonl", "--duration", "0s", status: 64, says: "--duration")
  }

  @Test func badDemonstrations() throws {
    let refused: [([String], String)] = [
      (["--queues", "0"], "queues"), (["--size", "5x"], "5x"),
      (["--block-size", "1000"], "block size"),
      (["--inject", "frob"], "frob"), (["--transfer", "magic"], "magic"),
      (["--null", "--memory"], "exclude"), (["--null", "--inject", "no-ack"], "null"),
      (["--transfer", "copy", "--inject", "leader-fail"], "no buffer is lent"),
      (["--duration", "0s"], "--duration"), (["--no-load", "--rate", "5"], "--no-load"),
      (["--target", "buffers", "--inject", "no-ack"], "ublk"),
      (["--record", "trace.txt"], "trace.txt"),
    ]
    for (arguments, words) in refused {
      let outcome = try Command.run(["demo", "--batch"] + arguments)
      #expect(outcome.status == 64, "\(arguments)")
      #expect(outcome.error.contains(words), "\(arguments): \(outcome.error)")
      #expect(outcome.error.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func demonstrationWithoutDriver() throws {
    let outcome = try Command.run(
      ["demo", "--batch", "--json", "--target", "buffers", "--ios", "100", "--duration", "20s"])
    #expect(outcome.status == 0)
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [String: Any])
    let account = try #require(document["demo"] as? [String: Any])
    #expect(try #require(document["groups"] as? [Any]).count > 0)
    #expect(account["target"] as? String == "buffers")
    #expect(account["errors"] as? Int == 0)
    #expect(try #require(account["ios"] as? Int) >= 100)
    #expect(try #require(account["verified"] as? Int) > 0)
  }

  @Test func unknownOpcodeNamesNearOnes() throws {
    try Command.expectFailure("--op", "READ,WRIET_FIXED", status: 64, says: "WRITE_FIXED")
    try Command.expectFailure("snapshot", "--op", "RAED", status: 64, says: "did you mean READ?")
  }

  @Test func noTerminal() throws {
    try Command.expectFailure(status: 72, says: "not a terminal")
    try Command.expectFailure("--", "true", status: 72, says: "not a terminal")
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["a.uring"])
    try Command.expectFailure("replay", folder.path("a.uring"), status: 72, says: "not a terminal")
  }

  @Test func badRecordings() throws {
    let folder = try TemporaryFolder()
    try Command.expectFailure("replay", folder.path("none"), status: 66, says: "No such file")
    try Command.expectFailure("replay", folder.path(""), status: 66, says: "Is a directory")
    try Data("nonsense".utf8).write(to: folder["bad"])
    try Command.expectFailure(
      "snapshot", "--from", folder.path("bad"), status: 65, says: "not a uringtop recording")
    var newer = try Self.recording()
    newer[8] = 9
    try newer.write(to: folder["newer"])
    try Command.expectFailure(
      "export", folder.path("newer"), "-o", "-", status: 65, says: "newer uringtop")
    try newer.prefix(20).write(to: folder["short"])
    newer[8] = 1
    try newer.prefix(20).write(to: folder["short"])
    try Command.expectFailure(
      "replay", folder.path("short"), status: 65, says: "ends within its header")
  }

  @Test func recordingThatWasCutOffIsUsed() throws {
    let folder = try TemporaryFolder()
    try Self.recording(isComplete: false).write(to: folder["a.uring"])
    let snapshot = try Command.run("snapshot", "--json", "--from", folder.path("a.uring"))
    #expect(snapshot.status == 0)
    #expect(snapshot.error.contains("cut off"))
    let document = try #require(
      JSONSerialization.jsonObject(with: snapshot.output) as? [String: Any])
    #expect((document["requests"] as? [Any])?.count == 1)
    #expect((document["recent"] as? [Any])?.count == 1)

    let export = try Command.run(
      "export", folder.path("a.uring"), "-o", folder.path("a.jsonl"))
    #expect(export.status == 0)
    #expect(export.error.contains("cut off"))
    let again = try Command.run("snapshot", "--json", "--from", folder.path("a.jsonl"))
    #expect(again.error.contains("cut off"))
    #expect(again.output == snapshot.output)
  }

  @Test func exportAndBackGivesTheSameFile() throws {
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["a.uring"])
    try Command.run("export", folder.path("a.uring"), "-o", folder.path("a.jsonl"))
    try Command.run("export", folder.path("a.jsonl"), "-o", folder.path("b.uring"))
    let original = try Recording(bytes: Array(Self.recording()))
    let copy = try Recording(bytes: Array(Data(contentsOf: folder["b.uring"])))
    #expect(copy.flaw == nil)
    #expect(copy.recordCount == original.recordCount)
    #expect(copy.header == original.header)
  }

  @Test func snapshotAtATime() throws {
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["a.uring"])
    let start = try Command.run(
      "snapshot", "--json", "--from", folder.path("a.uring"), "--at", "0ms")
    let document = try #require(
      JSONSerialization.jsonObject(with: start.output) as? [String: Any])
    #expect((document["recent"] as? [Any])?.isEmpty == true)
    let table = try Command.run("snapshot", "--from", folder.path("a.uring"))
    #expect(table.status == 0)
    #expect(table.text.contains("NOP"))
    #expect(table.text.contains("COMMAND"))
  }

  @Test func outputThatFails() throws {
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["a.uring"])
    let input = folder.path("a.uring")
    try Command.expectFailure(
      "export", input, "-o", "/nowhere/x.jsonl", status: 73, says: "/nowhere/x.jsonl")
    try Command.expectFailure(
      "export", input, "-o", "/dev/full", "--format", "jsonl", status: 74, says: "No space left")
  }

  @Test func closedPipeIsQuiet() throws {
    let folder = try TemporaryFolder()
    try Self.recording().write(to: folder["a.uring"])
    let script =
      "\(Command.binary.path()) export \(folder.path("a.uring")) -o - | true; echo ${PIPESTATUS[0]}"
    let outcome = try Command.run("-c", script, program: URL(filePath: "/bin/bash"))
    // 141: SIGPIPE killed uringtop. 0: uringtop wrote everything before `true` exited.
    #expect(["141\n", "0\n"].contains(outcome.text))
    #expect(outcome.error.isEmpty)
  }

  @Test(.enabled(if: getuid() == 0)) func withoutRightsItSaysWhatIsMissing() throws {
    let setpriv = URL(filePath: "/usr/bin/setpriv")
    let outcome = try Command.run(
      "--reuid", "65534", "--clear-groups", Command.binary.path(), "snapshot", program: setpriv)
    #expect(outcome.status == 77)
    #expect(outcome.error.contains("CAP_BPF"))
    #expect(outcome.error.contains("sudo"))
  }
}
