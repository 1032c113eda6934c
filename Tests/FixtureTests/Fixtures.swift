import Foundation
import TestSupport
import Testing
import UringTrace

/// Recordings of Tests/Programs on several kernels, made by `scripts/record-fixtures`.
enum Fixtures {
  static let folder = Command.root.appending(path: "Tests/Fixtures", directoryHint: .isDirectory)

  static let all: [Observation] = Observation.folders(in: folder).flatMap(Observation.all(in:))

  /// Returns the recordings of one program, one for each kernel on which the result differs.
  static func of(_ program: String) -> [Observation] { all.filter { $0.program == program } }
}

/// A test program as its recording shows it at the end: the truth and the snapshot.
struct ObservedProgram {
  let truth: ProgramTruth
  let snapshot: Snapshot
  /// Requests in order of submission, as in the truth.
  let requests: [Request]

  init(_ fixture: Observation) throws {
    truth = try fixture.truth()
    snapshot = try fixture.snapshot()
    let comparison = TruthComparison(truth, snapshot)
    requests = try truth.requests.map { try #require(comparison.request($0.userData)) }
  }

  /// The request at an index of ``requests``.
  subscript(_ index: Int) -> Request { requests[index] }

  var rings: [Ring] { snapshot.rings }

  /// Returns the requests with an opcode, in order of submission.
  func requests(_ opcode: String) -> [Request] { requests.filter { $0.opcode.name == opcode } }

  func chain(of request: Request) throws -> Chain {
    try #require(snapshot.chains.first { $0.id == request.chain })
  }

  /// Returns the indices in ``requests`` of a chain's cancelled members.
  func cancelled(_ chain: Chain) -> [Int] {
    let ids = Set(chain.members.filter(\.isCancelled).map(\.request))
    return requests.indices.filter { ids.contains(requests[$0].id) }
  }

  /// Returns all CQEs of a request. They are in the event log, because a request keeps only its
  /// last CQE.
  func cqes(of request: Request) -> [(result: Int64, flags: CQEFlags)] {
    snapshot.events.filter {
      $0.request == request.id && ($0.kind == .complete || $0.kind == .cqeOverflow)
    }
    .map { ($0.value, CQEFlags(rawValue: $0.flags)) }
  }
}

extension Request {
  func has(_ step: Step.Kind) -> Bool { steps.contains { $0.kind == step } }

  func time(of step: Step.Kind) throws -> UInt64 {
    try #require(steps.first { $0.kind == step }).time
  }
}
