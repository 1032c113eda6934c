import Foundation
import SystemPackage
import TestSupport
import Testing
import UringRecordings
import UringSources
import UringTrace

/// Malicious recordings, each of which made an earlier build crash, hang or use too much memory.
/// Tests/Hostile/README.md lists them.
@Suite struct HostileRecordingTests {
  static let folder = Command.root.appending(path: "Tests/Hostile", directoryHint: .isDirectory)

  /// The folder's recordings; with URINGTOP_HOSTILE those of another folder, such as one that a fuzzer filled.
  static let paths: [String] = {
    let other = ProcessInfo.processInfo.environment["URINGTOP_HOSTILE"]
    let folder = other.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? Self.folder
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.filter { $0.hasSuffix(".uring") || $0.hasSuffix(".jsonl") }.sorted()
      .map { folder.appending(path: $0).path() }
  }()

  @Test func thereAreSuchRecordings() { #expect(Self.paths.count >= 15) }

  @Test(arguments: paths)
  func everyCommandEndsInTimeAndWithADocumentedStatus(path: String) throws {
    let folder = try TemporaryFolder()
    let commands = [
      ["report", "--from", path], ["report", "--json", "--from", path],
      ["compare", "--json", path, path],
      ["snapshot", "--from", path], ["snapshot", "--json", "--from", path],
      ["snapshot", "--json", "--from", path, "--at", "1h"],
      ["export", path, "-o", folder.path("copy.jsonl")],
      ["export", path, "-o", folder.path("copy.uring")],
      ["export", path, "--at", "1s", "-o", folder.path("start.uring")],
    ]
    for command in commands {
      let outcome = try Self.runLimited(command)
      let hasPassed = outcome.status == 0 || outcome.status == 65
      #expect(hasPassed, "\(command): \(outcome.status) \(outcome.error)")
      // One line reports an unusable recording.
      if outcome.status == 65 {
        #expect(outcome.error.count { $0 == "\n" } == 1, "\(outcome.error)")
      }
    }
  }

  @Test(arguments: paths)
  func itsExportIsReadAgain(path: String) throws {
    guard let recording = try? Recording(path: FilePath(path)) else { return }
    let folder = try TemporaryFolder()
    for name in ["copy.jsonl", "copy.uring"] {
      try Command.run("export", path, "-o", folder.path(name))
      let copy = try Recording(path: FilePath(folder.path(name)))
      // A copy of a cut-off recording is also cut off.
      #expect(copy.flaw == nil || copy.flaw == .cutOff && recording.flaw != nil)
      #expect(copy.recordCount == recording.recordCount)
    }
  }

  @Test(arguments: paths)
  func everyPaneIsDrawnAtEveryTime(path: String) throws {
    guard let recording = try? Recording(path: FilePath(path)) else { return }
    for time in [0, 1_000_000_000, 3_600_000_000_000, nil] as [UInt64?] {
      let output = RecordingOutput(panesOf: recording.snapshot(at: time))
      #expect(output.text.contains("pane 1"))
    }
    let source = try ReplaySource(
      recording, position: 3_600_000_000_000, isPlaying: false, dump: { _, _ in Notice("") })
    source.stop()
    #expect(source.timeline.position <= source.timeline.duration)
  }

  /// Runs the binary with a limit of 512 MiB of data memory and of 10 s of processor time.
  private static func runLimited(_ arguments: [String]) throws -> Command.Outcome {
    try Command.run(
      ["-c", "ulimit -d 524288 && ulimit -t 10 && exec \"$@\"", "sh", Command.binary.path()]
        + arguments,
      program: URL(filePath: "/bin/sh"))
  }
}
