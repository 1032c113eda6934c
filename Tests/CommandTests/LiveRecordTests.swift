import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of `record`, `snapshot` and `capabilities` with live capture.
@Suite(.enabled(if: Live.isOn, "needs root"), .serialized) struct LiveRecordTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Returns a command line of fio that submits exactly `requests` requests.
  private func fio(_ name: String, requests: Int) -> [String] {
    [
      "fio", "--name=\(name)", "--ioengine=io_uring", "--rw=randread", "--bs=4k",
      "--size=\(requests * 4)k", "--iodepth=16", "--filename=\(folder.path("data"))",
      "--output=/dev/null",
    ]
  }

  @Test(arguments: ["uring", "jsonl"]) func everyRequestOfFioIsRecorded(format: String) throws {
    let path = folder.path("trace.\(format)")
    let outcome = try Command.run(["record", "-o", path, "--"] + fio("count", requests: 2000))
    #expect(outcome.status == 0, "\(outcome.error)")
    let snapshot = try Command.run("snapshot", "--json", "--from", path)
    #expect(snapshot.error.isEmpty)
    let document = try #require(
      JSONSerialization.jsonObject(with: snapshot.output) as? [String: Any])
    let rings = try #require(document["rings"] as? [[String: Any]])
    #expect(rings.map { $0["submitted"] as? Int } == [2000])
    #expect(rings.map { $0["completed"] as? Int } == [2000])
    #expect(rings.map { $0["comm"] as? String } == ["fio"])
    #expect(document["lost"] as? Int == 0)
    #expect((document["requests"] as? [Any])?.isEmpty == true)
  }

  /// The output accepts no data until the recorded program has finished, as if the disk were slow.
  /// The recording then lacks records, but its sums are exact.
  @Test func sumsAreExactThoughTheDiskIsSlow() throws {
    let pipe = folder.path("slow.uring")
    let path = folder.path("trace.uring")
    try #require(mkfifo(pipe, 0o600) == 0)
    let reader = Process()
    reader.executableURL = URL(filePath: "/bin/sh")
    let done = folder.path("done")
    try #require(mkfifo(done, 0o600) == 0)
    reader.arguments = ["-c", "exec 3<\(pipe); cat \(done); exec cat <&3 >\(path)"]
    try reader.run()
    // At 184 bytes per request, the flood causes twice as much data as uringtop queues in memory.
    // uringtop has priority over the flood on their common processor, so that it reads all records
    // from the BPF programs in time.
    let flood = "nice -n 19 \(try TestPrograms.path("nop_flood")) 1 32 --count 3000000; : >\(done)"
    let outcome = try Command.run(
      "-c", "0", Command.binary.path, "record", "-o", pipe, "--", "sh", "-c", flood,
      program: URL(filePath: "/usr/bin/taskset"))
    reader.waitUntilExit()
    #expect(outcome.status == 0, "\(outcome.error)")
    let document = try #require(
      JSONSerialization.jsonObject(
        with: Command.run("snapshot", "--json", "--from", path).output) as? [String: Any])
    let truth = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    let rings = try #require(document["rings"] as? [[String: Any]])
    let submitted = try #require(truth["submitted"] as? Int)
    #expect(rings.map { $0["submitted"] as? Int } == [submitted])
    #expect(rings.map { $0["completed"] as? Int } == [submitted])
    #expect((document["lost_by_cause"] as? [String: Int])?["output_stalled"] ?? 0 > 0)
    #expect((document["requests"] as? [Any])?.isEmpty == true)
  }

  /// The live snapshot and the snapshot of the recording have the same submissions and groups.
  @Test func demonstrationRecordsWhatItShows() throws {
    let path = folder.path("demo.uring")
    let outcome = try Command.run(
      "demo", "--batch", "--json", "--target", "buffers", "--ios", "200", "--duration", "20s",
      "--record", path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let shown = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    let replayed = try #require(
      JSONSerialization.jsonObject(
        with: Command.run("snapshot", "--json", "--from", path).output) as? [String: Any])
    func submitted(_ document: [String: Any]) -> [Int?] {
      (document["rings"] as? [[String: Any]] ?? []).map { $0["submitted"] as? Int }
    }
    func groups(_ document: [String: Any]) -> [NSDictionary] {
      document["groups"] as? [NSDictionary] ?? []
    }
    #expect(submitted(shown).compactMap(\.self).reduce(0, +) > 200)
    #expect(submitted(shown) == submitted(replayed))
    #expect(groups(shown).count > 0)
    #expect(groups(shown) == groups(replayed))
  }

  @Test func realDocumentsFollowTheirSchemas() throws {
    let path = folder.path("trace.jsonl")
    try Command.run(["record", "-o", path, "--"] + fio("schema", requests: 300))
    let snapshot = try Command.run("snapshot", "--json", "--from", path)
    try snapshot.output.write(to: folder["snapshot.json"])
    for (schema, file, mode) in [
      ("trace", path, "lines"), ("snapshot", folder.path("snapshot.json"), "document"),
    ] {
      let outcome = try Command.run(
        Command.root.appending(path: "Tests/validate.py").path(),
        Command.root.appending(path: "docs/schema/\(schema).schema.json").path(), file, mode,
        program: URL(filePath: "/usr/bin/python3"))
      #expect(outcome.status == 0, "\(outcome.text)")
    }
  }

  @Test func statusOfTheCommandIsKept() throws {
    let path = folder.path("x.uring")
    #expect(try Command.run("record", "-o", path, "--", "sh", "-c", "exit 7").status == 7)
    #expect(try Command.run("record", "-o", path, "--", "sh", "-c", "kill -9 $$").status == 137)
  }

  @Test func commandThatCannotRun() throws {
    let path = folder.path("x.uring")
    try Command.expectFailure(
      "record", "-o", path, "--", "no-such-program", status: 127, says: "command not found")
    try Data("x".utf8).write(to: folder["plain"])
    try Command.expectFailure(
      "record", "-o", path, "--", folder.path("plain"), status: 126, says: "cannot be executed")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func signalsCompleteTheFile(signal: Int32) throws {
    let path = folder.path("x.jsonl")
    let outcome = try Command.run("record", "-o", path) { process in
      eventually { FileManager.default.fileExists(atPath: path) }
      kill(process.processIdentifier, signal)
    }
    #expect(outcome.status == 128 + signal)
    let lines = try String(contentsOf: folder["x.jsonl"], encoding: .utf8).split(separator: "\n")
    #expect(lines.first?.contains(#""type":"header""#) == true)
    #expect(lines.last?.contains(#""type":"summary""#) == true)
  }

  @Test func signalsAreForwarded() throws {
    let path = folder.path("x.uring")
    let script = "trap 'exit 9' TERM; touch \(folder.path("ready")); while :; do sleep 0.1; done"
    let outcome = try Command.run("record", "-o", path, "--", "sh", "-c", script) { process in
      eventually { FileManager.default.fileExists(atPath: folder.path("ready")) }
      kill(process.processIdentifier, SIGTERM)
    }
    #expect(outcome.status == 9)
    #expect(try Command.run("snapshot", "--from", path).error.isEmpty)
  }

  @Test func durationEndsRecordingAndCommand() throws {
    let path = folder.path("x.uring")
    #expect(try Command.run("record", "-o", path, "--duration", "300ms").status == 0)
    let start = ContinuousClock.now
    let outcome = try Command.run(
      "record", "-o", path, "--duration", "300ms", "--", "sleep", "60")
    #expect(outcome.status == 0)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func outputThatFails() throws {
    try Command.expectFailure(
      "record", "-o", "/nowhere/x.uring", "--", "true", status: 73, says: "/nowhere/x.uring")
    try Command.expectFailure(
      "record", "-o", "/dev/full", "--format", "uring", "--", "true", status: 74,
      says: "No space left")
  }

  @Test(arguments: ["uring", "jsonl"]) func diskThatGetsFullLeavesAValidFile(
    format: String
  ) throws {
    let mount = folder.path("small")
    try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
    let mounted = try Command.run(
      "-t", "tmpfs", "-o", "size=32k", "tmpfs", mount, program: URL(filePath: "/bin/mount"))
    try #require(mounted.status == 0)
    defer { _ = try? Command.run(mount, program: URL(filePath: "/bin/umount")) }
    let path = "\(mount)/trace.\(format)"
    let outcome = try Command.run(["record", "-o", path, "--"] + fio("full", requests: 5000))
    #expect(outcome.status == 74)
    #expect(outcome.error.contains("No space left"))
    let snapshot = try Command.run("snapshot", "--json", "--from", path)
    #expect(snapshot.status == 0)
    #expect(snapshot.error.contains("cut off"))
    #expect(!snapshot.error.contains("corrupt"))
  }

  @Test func killedRecorderLeavesAValidFile() throws {
    let path = folder.path("x.uring")
    try Command.run("record", "-o", path) { process in
      eventually {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0 > 0
      }
      kill(process.processIdentifier, SIGKILL)
    }
    let snapshot = try Command.run("snapshot", "--from", path)
    #expect(snapshot.status == 0)
    #expect(snapshot.error.contains("cut off"))
  }

  @Test func underSudoCommandAndFileAreTheUsers() throws {
    let path = folder.path("x.uring")
    let outcome = try Command.run(
      "record", "-o", path, "--", "id", "-u",
      environment: ["SUDO_UID": "65534", "SUDO_GID": "65534"])
    #expect(outcome.text == "65534\n")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.ownerAccountID] as? Int == 65534)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func otherProgramsAreNotRecorded() throws {
    let path = folder.path("x.uring")
    let other = Process()
    other.executableURL = URL(filePath: "/usr/bin/fio")
    other.arguments =
      Array(fio("other", requests: 100).dropFirst()) + [
        "--thread", "--time_based", "--runtime=600",
      ]
    other.standardOutput = FileHandle.nullDevice
    try other.run()
    defer {
      // Not SIGTERM: tests run on threads that block it, and fio inherits the blocked signal.
      kill(other.processIdentifier, SIGKILL)
      other.waitUntilExit()
    }
    // A filtered snapshot shows that fio is running and submits requests.
    try #require(
      eventually {
        let live = try Command.run(
          "snapshot", "--json", "--comm", "fio", "--op", "read", "--duration", "100ms")
        let seen = try #require(JSONSerialization.jsonObject(with: live.output) as? [String: Any])
        let rings = try #require(seen["rings"] as? [[String: Any]])
        return rings.contains { $0["submitted"] as? Int ?? 0 > 100 }
      })
    try Command.run("record", "-o", path, "--", TestPrograms.path("nop_flood"), "1")
    let snapshot = try Command.run("snapshot", "--json", "--from", path)
    let document = try #require(
      JSONSerialization.jsonObject(with: snapshot.output) as? [String: Any])
    let recorded = try #require(document["rings"] as? [[String: Any]])
    #expect(recorded.map { $0["comm"] as? String } == ["nop_flood"])
  }

  @Test func processesAndDescriptorsMustBeThere() throws {
    try Command.expectFailure("snapshot", "--pid", "4194300", status: 67, says: "4194300")
    try Command.expectFailure(
      "snapshot", "--pid", "\(getpid())", "--fd", "0", status: 67, says: "0")
  }

  @Test func capabilities() throws {
    let outcome = try Command.run("capabilities", "--json")
    #expect(outcome.status == 0)
    let document = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    #expect(document["can_capture"] as? Bool == true)
    #expect(["tracepoints", "fentry"].contains(document["tier"] as? String))
    #expect(try Command.run("capabilities").text.contains("tracepoint_complete"))
  }
}
