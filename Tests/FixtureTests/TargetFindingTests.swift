import TestSupport
import Testing
import UringFindings
import UringTrace

/// Tests of findings in the ublk target's recordings. Each deliberate fault must be found in the
/// groups of exactly those I/Os for which the target's log contains the fault. Without faults, the
/// same transfer must have no findings above info.
@Suite struct TargetFindingTests {
  /// The condition that a fault causes in a group.
  struct Trouble: Sendable, CustomStringConvertible {
    var condition: GroupCondition
    var faults: Set<String>
    var severity = Finding.Severity.warn

    var description: String { "\(condition.name)" }
  }

  static let troubles = [
    Trouble(condition: .heldAfterDone, faults: ["no-ack"]),
    Trouble(condition: .shortMember, faults: ["short-read"]),
    Trouble(
      condition: .partlyFilled, faults: ["short-read", "member-fail", "wrong-direction"]),
    Trouble(condition: .wrongDirection, faults: ["wrong-direction"]),
    Trouble(condition: .leaderFailed, faults: ["leader-fail"]),
    Trouble(condition: .givenBackLate, faults: ["slow-member"], severity: .info),
    Trouble(
      condition: .memberFailed, faults: ["member-fail", "wrong-direction"], severity: .info),
    Trouble(condition: .membersCancelled, faults: ["leader-fail"], severity: .info),
  ]

  private static func run(_ name: String) throws -> TargetRun {
    try #require(TargetComparisonTests.runs.first { $0.name == name })
  }

  private static func findings(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot)
  }

  @Test(arguments: troubles) func faultIsFoundInItsGroups(_ trouble: Trouble) throws {
    let run = try Self.run("zero-copy+faults")
    let snapshot = try run.snapshot()
    let log = try run.log()
    let found = Self.findings(snapshot).filter {
      $0.tag == "group-condition" && $0.summary.hasPrefix("\(trouble.condition.name): ")
    }
    #expect(found.count == 1)
    let finding = try #require(found.first)
    #expect(finding.severity == trouble.severity)
    let made = log.filter { $0.fault.map(trouble.faults.contains) ?? false }
    let groups = finding.numbers.first { $0.name == "groups" }?.value
    #expect(groups == UInt64(made.count), "\(made.count) were made: \(finding.summary)")
    // The finding names only groups of I/Os with the fault. It names all of them, or as many as its
    // limit allows.
    let named = try Set(
      finding.requests.map { id in
        let request = try #require(snapshot.recent.first { $0.id == id })
        let group = try #require(snapshot.groups.first { $0.id == request.group })
        return try #require(Self.io(of: group, in: log)).number
      })
    #expect(named.isSubset(of: made.map(\.number)))
    if finding.requestCount <= Finding.requestLimit { #expect(named == Set(made.map(\.number))) }
  }

  /// Returns the log entry of a group's I/O. The entry has the group's queue and tag, and the
  /// group's leader starts during the I/O.
  private static func io(of group: RequestGroup, in log: [TargetIO]) -> TargetIO? {
    guard let place = group.buffer.ublk else { return nil }
    return log.first {
      $0.queue == place.queue && $0.tag == place.tag && $0.fetchedNs <= group.leader.startTime
        && group.leader.startTime <= $0.committedNs
    }
  }

  @Test(arguments: ["zero-copy", "auto"])
  func theSameTransferWithoutFaultsIsWell(_ name: String) throws {
    let run = try Self.run(name)
    let snapshot = try run.snapshot()
    #expect(snapshot.groups.count >= 40)
    // The first members can take long, because they open the file and fill the page cache, so
    // given_back_late is allowed.
    let cries = Self.findings(snapshot).filter {
      $0.severity > .info
        || $0.tag == "group-condition" && !$0.summary.hasPrefix("given_back_late")
    }
    #expect(cries.isEmpty, "\(cries)")
  }
}
