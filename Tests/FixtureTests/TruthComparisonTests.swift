import Foundation
import TestSupport
import Testing
import UringTrace

/// Tests of `TruthComparison` itself: it must report each falsified member of a truth.
@Suite struct TruthComparisonTests {
  /// A falsified truth, and part of the difference that the comparison must report.
  struct Lie: CustomStringConvertible, Sendable {
    var description: String
    var program: String
    var words: String
    var change: @Sendable (inout ProgramTruth) -> Void

    init(
      _ description: String, of program: String, finds words: String,
      _ change: @escaping @Sendable (inout ProgramTruth) -> Void
    ) {
      self.description = description
      self.program = program
      self.words = words
      self.change = change
    }
  }

  static let lies = [
    Lie("another result", of: "links", finds: "request 0x1001 (READ): result") {
      $0.requests[0].res = 99
    },
    Lie("another opcode", of: "links", finds: "request 0x1001 (WRITE): opcode") {
      $0.requests[0].opcode = "WRITE"
    },
    Lie("another descriptor", of: "links", finds: "request 0x1001 (READ): fd") {
      $0.requests[0].fd = 77
    },
    Lie("another flag", of: "links", finds: "request 0x1001 (READ): SQE flags") {
      $0.requests[0].flags = ["ASYNC"]
    },
    Lie("another submitter", of: "shared_ring", finds: "submitter") {
      $0.requests[0].submitter = 1
    },
    Lie("a request that was not", of: "links", finds: "is reported 0 times") {
      $0.requests[0].userData = .init(0x99)
    },
    Lie(
      "a request forgotten", of: "links",
      finds: "request 0x100d (NOP): missing from the program's truth"
    ) {
      $0.requests.removeLast()
    },
    Lie("in flight", of: "links", finds: "request 0x1001 (READ): has ended") {
      $0.requests[0].end = .inFlight
    },
    Lie("skipped", of: "links", finds: "request 0x1001 (READ): end") {
      $0.requests[0].end = .skipped
    },
    Lie("a CQE more", of: "multishot_poll", finds: "CQEs: reported 4, the program says 5") {
      $0.requests[0].cqes += 1
    },
    Lie("another CQE before the last", of: "multishot_poll", finds: "results") {
      $0.requests[0].results?[1] = 2
    },
    Lie("no notification", of: "send_zc", finds: "notifications") {
      $0.requests[0].notifs = nil
    },
    Lie("no overflow", of: "cq_overflow", finds: "end: reported overflowed") { truth in
      let index = truth.requests.firstIndex { $0.overflowed == true }!
      truth.requests[index].overflowed = nil
    },
    Lie("no preparation failure", of: "prep_failure", finds: "preparation error") {
      $0.requests[0].prepFailed = nil
    },
    Lie("another buffer", of: "provided_buffers", finds: "buffer") { truth in
      let index = truth.requests.firstIndex { $0.buffer != nil }!
      truth.requests[index].buffer! += 1
    },
    Lie("a chain in two", of: "links", finds: "chain of 0x1002: members") {
      $0.requests[1].linkedBehind = nil
    },
    Lie("two chains in one", of: "links", finds: "chain of 0x1001: members") {
      $0.requests[3].linkedBehind = $0.requests[2].userData
    },
    Lie("broken by another", of: "prep_failure", finds: "broken by") {
      $0.requests[8].prepFailed = nil
    },
    Lie("a member of no group", of: "sqe_group", finds: "SQE group of 0x1001: members") {
      $0.requests[2].group = nil
    },
    Lie("another leader", of: "sqe_group", finds: "SQE group of 0x1002: is reported 0 times") {
      for index in 0...2 { $0.requests[index].group = .init(0x1002) }
    },
    Lie("a group forgotten", of: "sqe_group", finds: "SQE group of 0x1001: missing from") {
      for index in 0...2 { $0.requests[index].group = nil }
    },
    Lie("a buffer of another size", of: "sqe_group_ublk", finds: "length of the buffer") {
      $0.kernelBuffers?[0].length += 1
    },
    Lie("a buffer not lent", of: "sqe_group_ublk", finds: "a buffer provided at") {
      $0.kernelBuffers?.removeLast()
    },
    Lie("other pages", of: "fuse_zero_copy", finds: "slot") {
      $0.fuseRequests?[0].slot += 1
    },
    Lie("another FUSE request", of: "fuse_zero_copy", finds: "id: reported") {
      $0.fuseRequests?[0].unique = .init(1)
    },
    Lie("members the other way round", of: "fuse_zero_copy", finds: "members: reported") { truth in
      let index = truth.fuseRequests!.firstIndex { $0.members.count > 1 }!
      truth.fuseRequests?[index].members.reverse()
    },
    Lie(
      "answered in time", of: "fuse_zero_copy", finds: "answered before its last member was done"
    ) { truth in
      let index = truth.fuseRequests!.firstIndex { $0.conditions == ["answered_early"] }!
      truth.fuseRequests?[index].conditions = []
    },
    Lie("a FUSE request forgotten", of: "fuse_zero_copy", finds: "missing from the program's truth")
    {
      $0.fuseRequests?.removeLast()
    },
    Lie("memory of another size", of: "local_buffer", finds: "length of the buffer") {
      $0.localBuffers?[0].length += 1
    },
    Lie("other memory", of: "local_buffer", finds: "address: reported") {
      $0.localBuffers?[0].address = .init(1)
    },
    Lie("a member of another submission", of: "local_buffer", finds: "members: reported") {
      $0.localBuffers?[0].members.removeLast()
    },
    Lie("a local buffer forgotten", of: "local_buffer", finds: "missing from the program's truth") {
      $0.localBuffers?.removeLast()
    },
    Lie("another ring", of: "msg_ring", finds: "ring") { $0.requests[0].ring = 1 },
    Lie("a ring of another size", of: "links", finds: "SQ entries") {
      $0.rings[0].sqEntries = 8
    },
    Lie("a ring more", of: "links", finds: "rings") { $0.rings.append($0.rings[0]) },
    Lie("an auxiliary CQE more", of: "msg_ring", finds: "auxiliary CQEs") { $0.auxCqes += 1 },
    Lie("deferred once more", of: "drain", finds: "deferred") { $0.deferred = 4 },
    Lie("hashed once more", of: "io_wq", finds: "hashed work") { $0.hashedWrites = 5 },
    Lie("no short write", of: "short_write", finds: "short write") { $0.requests[0].note = nil },
  ]

  @Test(arguments: lies)
  func lieIsFoundAndNamed(_ lie: Lie) throws {
    let fixture = try #require(Fixtures.of(lie.program).last)
    var truth = try fixture.truth()
    lie.change(&truth)
    let differences = try TruthComparison(truth, fixture.snapshot()).differences
    #expect(
      differences.contains { $0.hasPrefix("\(lie.program): ") && $0.contains(lie.words) },
      "\(differences.joined(separator: "\n"))")
  }
}
