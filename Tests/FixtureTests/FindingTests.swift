import TestSupport
import Testing
import UringFindings

/// Tests of the findings in recordings of test programs. Each finding above info must be caused by
/// a fault that the program makes on purpose.
@Suite struct FindingTests {
  /// Tags of the findings that each program's faults cause. Any other finding above info is a false
  /// alarm.
  static let causes: [String: Set<String>] = [
    "cqe_skip": ["broken-chain"], "hard_links": ["broken-chain"], "links": ["broken-chain"],
    "prep_failure": ["broken-chain"], "errors": ["broken-chain", "bad-memory"],
    "cq_overflow": ["cq-overflow"], "fixed_buffers": ["group-condition"],
    "clone_buffers": ["group-condition"], "fuse_zero_copy": ["bad-memory", "group-condition"],
    "local_buffer": ["broken-chain", "failed-registration", "group-condition"],
    "multishot_recv": ["buffers-exhausted"], "provided_buffers": ["buffers-exhausted"],
    "short_write": ["short-transfer"],
    // The faults: members that fail, and members that use more than the buffer that their leader
    // lent.
    "sqe_group": ["broken-chain", "group-condition"],
    "sqe_group_ublk": ["bad-memory", "group-condition"],
  ]

  @Test(arguments: Fixtures.all)
  func findingsHaveTheirCause(_ observation: Observation) throws {
    var diagnosis = Diagnosis()
    let findings = diagnosis.findings(in: try observation.snapshot())
    let tags = Set(findings.filter { $0.severity > .info }.map(\.tag))
    #expect(tags.isSubset(of: Self.causes[observation.program] ?? []), "\(findings)")
  }

  @Test func theRequestThatBrokeAChainIsNamed() throws {
    let observation = try #require(
      Fixtures.all.first { $0.program == "links" && $0.kernel == "6.18" })
    let snapshot = try observation.snapshot()
    var diagnosis = Diagnosis()
    let broken = diagnosis.findings(in: snapshot).filter { $0.tag == "broken-chain" }
    let named = broken.compactMap { finding in
      snapshot.recent.first { $0.id == finding.requests[0] }?.userData
    }
    #expect(named == [0x1004, 0x1008])
  }
}
