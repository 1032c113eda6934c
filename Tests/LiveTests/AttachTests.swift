import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringTrace

extension LiveTests {
  /// Tests of what is known of requests that are submitted while uringtop attaches its BPF programs.
  @Suite struct AttachTests {
    @Test(arguments: 1...3) func noEndIsMissedWhileProgramsAreAttached(_: Int) throws {
      let program = try TestPrograms.start("nop_flood", "600", "4", "--pause", "2000")
      defer { program.kill() }
      eventually { Self.hasRing(program.pid) }
      let snapshot = try Self.recordWithoutLosses(program.pid)
      let ring = try #require(snapshot.rings.first)
      #expect(ring.counts.endedUnseen == 0)
      // Each submission has four NOPs.
      #expect(snapshot.requests.count <= 4)
    }

    /// A short recording of a process. On a busy machine records can be lost, and with them the ends
    /// of requests.
    private static func recordWithoutLosses(_ pid: UInt32) throws -> Snapshot {
      for _ in 0..<10 {
        let recorder = try BackgroundCommand(recordingWith: ["--pid", "\(pid)"])
        let snapshot = try recorder.finish()
        if snapshot.lost.total == 0, snapshot.rings.first?.counts.completed ?? 0 > 0 {
          return snapshot
        }
      }
      throw RecordsLost()
    }

    /// Each of ten recordings lost records.
    private struct RecordsLost: Error {}

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
