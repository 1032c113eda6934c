import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringTrace

extension LiveTests {
  /// Tests of what is known of requests that are submitted while uringtop attaches its BPF programs.
  @Suite struct AttachTests {
    @Test(arguments: 1...3) func noEndIsMissedWhileProgramsAreAttached(_: Int) throws {
      let program = try TestPrograms.start("nop_flood", "600", "4", "--pause", "200")
      defer { program.kill() }
      eventually { Self.hasRing(program.pid) }
      let recorder = try BackgroundCommand(recordingWith: ["--pid", "\(program.pid)"])
      try eventually { try recorder.current().rings.contains { $0.counts.completed > 10_000 } }
      let snapshot = try recorder.finish()
      let ring = try #require(snapshot.rings.first)
      try #require(snapshot.lost.total == 0)
      #expect(ring.counts.endedUnseen == 0)
      // Each submission has four NOPs.
      #expect(snapshot.requests.count <= 4)
    }

    private static func hasRing(_ pid: UInt32) -> Bool {
      let folder = "/proc/\(pid)/fd"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.contains {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)"))
          == "anon_inode:[io_uring]"
      }
    }
  }
}
