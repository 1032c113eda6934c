import Foundation
import ProbeSupport
import TestSupport
import Testing

@testable import UringSources
@testable import UringTrace

/// Tests of the flight recorder (`record --keep`) with live capture.
@Suite(.enabled(if: Live.isOn, "needs root"), .serialized) struct LiveFlightTests {
  let folder: TemporaryFolder
  private var flights: String { folder.path("flights") }

  init() throws {
    folder = try TemporaryFolder()
  }

  private func names() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: flights)) ?? []
    return names.filter { $0.hasSuffix(".uring") }.sorted()
  }

  /// A condition (the request's age), a signal and `freeze` each make the recorder write a complete
  /// file that contains the hung request.
  @Test func eachCauseGivesACompleteFileWithTheRequest() throws {
    let child = try TestPrograms.start("hang_poll")
    defer { _ = child.finish() }
    _ = try #require(child.readLine())
    let outcome = try Command.run(
      "record", "--keep", "20s", "-o", flights, "--on", "age>1ms opcode=POLL_ADD", "--after", "0s",
      "--pid", "\(child.pid)"
    ) { recorder in
      defer { kill(recorder.processIdentifier, SIGTERM) }
      #expect(eventually { names().count == 1 })
      kill(recorder.processIdentifier, SIGUSR1)
      #expect(eventually { names().count == 2 })
      let frozen = try Command.run("freeze", flights)
      #expect(frozen.status == 0, "\(frozen.error)")
      #expect(names().count == 3)
      #expect(names().contains { frozen.text == "\(flights)/\($0)\n" })
      let second = try Command.run("record", "--keep", "5s", "-o", flights)
      #expect(second.status == 73)
      #expect(second.error.contains("another recorder writes to"))
    }
    #expect(outcome.status == 128 + SIGTERM)
    #expect(names().contains { $0.contains("-age-1ms-opcode-POLL") })
    #expect(names().count { $0.contains("-signal") } == 2)
    for name in names() {
      let path = "\(flights)/\(name)"
      let report = try Command.run("snapshot", "--from", path)
      #expect(report.status == 0)
      #expect(report.error.isEmpty, "\(report.error)")
      let snapshot = try Observation.recording(path).snapshot(at: nil)
      #expect(snapshot.requests.contains { $0.opcode.name == "POLL_ADD" }, "\(name)")
      #expect(snapshot.rings.count == 1)
    }
  }

  /// If the disk is full, the recorder writes no file but continues to capture.
  @Test func aFullDiskDoesNotEndTheWatch() throws {
    try FileManager.default.createDirectory(atPath: flights, withIntermediateDirectories: true)
    let mounted = try Command.run(
      "-t", "tmpfs", "-o", "size=4k", "tmpfs", flights, program: URL(filePath: "/bin/mount"))
    try #require(mounted.status == 0)
    defer { _ = try? Command.run(flights, program: URL(filePath: "/bin/umount")) }
    try Data(count: 4096).write(to: URL(filePath: "\(flights)/filling"))
    let outcome = try Command.run("record", "--keep", "20s", "-o", flights) { recorder in
      defer { kill(recorder.processIdentifier, SIGTERM) }
      // `freeze` exits with 67 until the recorder has started, then with 71 because the recorder
      // could not write the file.
      let isRefused = try eventually {
        try Command.run("freeze", flights, "--wait", "2s").status == 71
      }
      #expect(isRefused)
      // The recorder is still running.
      #expect(kill(recorder.processIdentifier, 0) == 0)
    }
    #expect(outcome.status == 128 + SIGTERM)
    #expect(outcome.error.contains("the watch continues"), "\(outcome.error)")
    #expect(names().isEmpty)
  }
}
