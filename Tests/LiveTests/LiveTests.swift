import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringSources
import UringTrace

/// All tests that observe this machine through the real binary, run one after the other.
@Suite(.serialized, .enabled(if: Live.isOn, "needs root"))
enum LiveTests {}

/// The recording that `uringtop record` made of a command.
struct RecordedCommand {
  var status: Int32
  /// The command's standard output.
  var output: Data
  var error: String
  var snapshot: Snapshot

  /// Records a command to its end.
  init(_ command: [String], environment: [String: String] = [:]) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("x.uring")
    let outcome = try Command.run(["record", "-o", path, "--"] + command, environment: environment)
    status = outcome.status
    output = outcome.output
    error = outcome.error
    snapshot = try Observation.recording(path).snapshot(at: nil)
  }

  /// Returns a count summed over all rings.
  func sum(_ count: (Ring.Counts) -> UInt64) -> UInt64 {
    snapshot.rings.reduce(0) { $0 + count($1.counts) }
  }

  /// Returns the number of completed requests of an opcode, over all rings.
  func completed(_ opcode: String) -> UInt64 {
    snapshot.latency.filter { $0.opcode.name == opcode }.reduce(0) { $0 + $1.summary.count }
  }
}

/// A `uringtop record` that runs in the background.
final class BackgroundCommand {
  let process = Process()
  let folder: TemporaryFolder
  private let error: URL

  /// Starts `record -o PATH` and waits until the recording can be read.
  init(recordingWith arguments: [String] = []) throws {
    folder = try TemporaryFolder()
    error = folder["error"]
    process.executableURL = Command.binary
    process.arguments = ["record", "-o", folder.path("x.uring")] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try folder.create("error")
    try process.run()
    // Reads the file instead of testing that it exists, because `record` creates the file before it
    // writes the header.
    eventually { (try? current()) != nil || !process.isRunning }
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Returns the snapshot after the last record that uringtop has written so far.
  func current() throws -> Snapshot {
    try Observation.recording(folder.path("x.uring")).snapshot(at: nil)
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Ends uringtop as Ctrl-C does, and reads the recording.
  func finish() throws -> Snapshot {
    send(SIGINT)
    process.waitUntilExit()
    let text = (try? String(contentsOf: error, encoding: .utf8)) ?? ""
    #expect(process.terminationStatus == 130, "\(text)")
    return try current()
  }
}

extension ChildProgram {
  /// Reads the program's truth (the program's own record of its requests) from the next line of its
  /// output.
  func readTruth() throws -> ProgramTruth {
    try ProgramTruth(Data(try #require(readLine()).text.utf8))
  }
}
