import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringSources
import UringTrace

extension LiveTests {
  /// Tests that `record` counts the requests of the command's descendants, however the command
  /// ends.
  @Suite struct CommandTreeTests {
    @Test func threadsWithARingEachAreCountedExactly() throws {
      let recorded = try RecordedCommand([TestPrograms.path("workload"), "--seconds", "1"])
      let truth = try #require(try ProgramTruth(lastLineOf: recorded.output))
      #expect(recorded.sum(\.submitted) == truth.submitted)
      #expect(recorded.sum(\.completed) == truth.completed)
      #expect(recorded.sum(\.cqes) == truth.cqes)
      #expect(
        recorded.snapshot.rings.map(\.counts.submitted).sorted() == truth.byRing?.sorted())
      #expect(recorded.snapshot.requests.isEmpty)
      #expect(recorded.sum(\.unmatched) == 0)
    }

    @Test func descendantsAreRecordedToo() throws {
      let script = try "\(TestPrograms.path("links")) & \(TestPrograms.path("cancel")); wait"
      let recorded = try RecordedCommand(["sh", "-c", script])
      let truths = try recorded.output.split(separator: UInt8(ascii: "\n"))
        .map { try ProgramTruth(Data($0)) }
      #expect(truths.count == 2)
      for truth in truths {
        let differences = TruthComparison(truth, recorded.snapshot).differences
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
      }
    }

    @Test func killedProgramLeavesNothingInFlight() throws {
      let recorded = try RecordedCommand([
        "timeout", "--signal=KILL", "1", TestPrograms.path("many_inflight"), "500",
      ])
      let truth = try #require(try ProgramTruth(lastLineOf: recorded.output))
      #expect(truth.ready == true && truth.inFlight == 500)
      #expect(recorded.sum(\.submitted) == 500)
      #expect(recorded.snapshot.requests.count == 0)
      #expect(recorded.snapshot.recent.count { $0.result == -125 } == 500)
    }

    @Test func inAPidNamespacePidsAreThoseOfTheNamespace() throws {
      let folder = try TemporaryFolder()
      let path = folder.path("x.uring")
      let outcome = try Command.run(
        [
          "--pid", "--fork", "--mount-proc", Command.binary.path(), "record", "-o", path, "--",
          TestPrograms.path("links"),
        ], program: URL(filePath: "/usr/bin/unshare"))
      #expect(outcome.status == 0, "\(outcome.error)")
      let truth = try #require(try ProgramTruth(lastLineOf: outcome.output))
      #expect(truth.pid < 100)
      let snapshot = try Observation.recording(path).snapshot(at: nil)
      let differences = TruthComparison(truth, snapshot).differences
      #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }
  }
}
