import Foundation
import TestSupport
import Testing

/// Tests of the recordings that `scripts/vm-test-ublk` made of `uringtop demo` in guests.
@Suite(.enabled(if: UblkRuns.folder != nil, "scripts/vm-test-ublk"))
struct UblkTests {
  @Test func thereAreRuns() {
    #expect(!UblkRuns.all.isEmpty)
  }

  @Test(arguments: UblkRuns.all)
  func everyGroupIsAsTheTargetSays(_ run: TargetRun) throws {
    let comparison = try run.comparison()
    let differences = comparison.differences
    #expect(
      differences.isEmpty,
      "\(run): \(differences.count) differences\n\(differences.prefix(10).joined(separator: "\n"))")
    if !comparison.excuses.isEmpty {
      print("\(run): excused by missed events:", comparison.excuses.joined(separator: "\n  "))
    }
    let account = try run.account().demo
    print("\(run): \(account.ios) I/Os, \(comparison.groupCount) groups as in the log")
    let isLending = account.mode == "zero-copy" || account.mode == "auto"
    if run.isFaulty {
      let made = account.faults.reduce(0) { $0 + $1.ios }
      #expect(made > 0, "\(run): no fault was made")
      if isLending { #expect(comparison.faultCount + comparison.excusedFaultCount == made) }
    } else if isLending {
      #expect(comparison.groupCount >= (run.variation == nil ? 10_000 : 1_900))
    }
    if run.variation == "queues" { #expect(comparison.queueCount > 1) }
  }
}

enum UblkRuns {
  /// The folder that URINGTOP_UBLK_RESULTS names, which has a subfolder for each kernel series.
  static let folder = ProcessInfo.processInfo.environment["URINGTOP_UBLK_RESULTS"]
    .map { URL(filePath: $0, directoryHint: .isDirectory) }

  static let all = (folder.map(Observation.folders(in:)) ?? []).flatMap(TargetRun.all(in:))
}
