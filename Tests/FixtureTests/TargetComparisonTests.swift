import Foundation
import TestSupport
import Testing
import UringTrace

/// Tests of the comparison of uringtop's groups with the ublk target's log, on short recordings.
/// The comparison finds no difference in them, and detects entries that a test removes, changes or
/// adds.
@Suite struct TargetComparisonTests {
  static let folder = Command.root.appending(
    path: "Tests/Ublk/Recordings", directoryHint: .isDirectory)
  static let runs = Observation.folders(in: folder).flatMap(TargetRun.all(in:))

  @Test func thereAreRecordings() {
    #expect(Set(Self.runs.map(\.name)).isSuperset(of: ["zero-copy", "auto"]))
  }

  @Test(arguments: runs) func everyGroupIsAsTheTargetSays(_ run: TargetRun) throws {
    let comparison = try run.comparison()
    #expect(comparison.differences.isEmpty, "\(comparison.differences.joined(separator: "\n"))")
    #expect(comparison.groupCount >= 40)
    if run.isFaulty { #expect(comparison.faultCount > 0) }
  }

  /// Returns the differences that the comparison reports after a change of the log or of the
  /// groups.
  private func differences(
    _ run: TargetRun, changing change: (inout [TargetIO], inout [RequestGroup]) throws -> Void
  ) throws -> [String] {
    var log = try run.log()
    var snapshot = try run.snapshot()
    try change(&log, &snapshot.groups)
    let comparison = TargetComparison(log: log, account: try run.account(), snapshot: snapshot)
    return comparison.differences
  }

  @Test(arguments: runs) func findsAnIOThatTheLogLacks(_ run: TargetRun) throws {
    var lacking: TargetIO?
    let found = try differences(run) { log, _ in
      lacking = log.remove(at: try #require(log.firstIndex { $0.hasData && $0.number > 10 }))
    }
    #expect(found.contains { $0.contains("the log has no such I/O") })
    #expect(found.contains { $0.hasPrefix("the log of queue \(lacking!.queue)") })
  }

  @Test(arguments: runs) func findsAGroupThatIsMissing(_ run: TargetRun) throws {
    let found = try differences(run) { _, groups in groups.remove(at: 20) }
    #expect(found.contains { $0.hasSuffix("no group for this I/O") })
  }

  @Test(arguments: runs) func findsAGroupThatIsTooMuch(_ run: TargetRun) throws {
    let found = try differences(run) { _, groups in groups.append(groups[20]) }
    #expect(found.contains { $0.contains("the log has no such I/O") })
  }

  @Test(arguments: runs) func findsWhatIsWrong(_ run: TargetRun) throws {
    let changes: [(inout TargetIO) -> Void] = [
      { $0.sector? += 8 }, { $0.length += 4096 }, { $0.members += 1 }, { $0.movedBytes += 512 },
      { $0.result = -7 }, { $0.tag ^= 1 }, { $0.op = $0.op == "read" ? "write" : "read" },
      { $0.committedNs += 1_000_000_000 }, { $0.completedNs = $0.fetchedNs },
      { $0.fault = $0.fault == nil ? "member-fail" : nil },
    ]
    for (number, change) in changes.enumerated() {
      let found = try differences(run) { log, _ in
        change(&log[try #require(log.firstIndex { $0.hasData && $0.number > 10 })])
      }
      #expect(!found.isEmpty, "change \(number) is not found")
    }
  }

  @Test(arguments: runs) func findsWrongGroups(_ run: TargetRun) throws {
    let changes: [(inout RequestGroup) -> Void] = [
      { $0.provider = .registered }, { $0.acknowledgement = nil },
      { $0.acknowledgement?.isDerived = true }, { $0.acknowledgement?.time += 1_000_000_000 },
      { $0.acknowledgement?.callback = "io_release_ubuf" }, { $0.leader.command = 0 },
      { $0.leader.userData ^= 1 }, { $0.buffer.ublk = nil }, { $0.buffer.ublk?.device = "ublkb9" },
      { $0.buffer.index = 99 }, { $0.conditions.insert(.pinned) }, { $0.members.removeLast() },
      { $0.members[0].opcode = Opcode(rawValue: 0) }, { $0.members[0].startTime = 1 },
    ]
    for (number, change) in changes.enumerated() {
      let found = try differences(run) { _, groups in
        change(&groups[try #require(groups.firstIndex { $0.id > 10 && !$0.members.isEmpty })])
      }
      #expect(!found.isEmpty, "change \(number) is not found")
    }
  }
}
