import Foundation
import TestSupport
import Testing
import UringTrace

/// Recordings of Tests/Programs on several kernels: `scripts/record-fixtures` makes them.
enum Fixtures {
  static let folder = Command.root.appending(path: "Tests/Fixtures", directoryHint: .isDirectory)

  static let all: [Observation] = Observation.folders(in: folder).flatMap(Observation.all(in:))

  /// Those of one program, one for each kernel that differs.
  static func of(_ program: String) -> [Observation] { all.filter { $0.program == program } }
}

/// The snapshot of a program at the end of its recording.
struct ObservedProgram {
  let truth: ProgramTruth
  let snapshot: Snapshot
  /// In the order they were submitted, as the truth has them.
  let requests: [Request]

  init(_ fixture: Observation) throws {
    truth = try fixture.truth()
    snapshot = try fixture.snapshot()
    let comparison = TruthComparison(truth, snapshot)
    requests = try truth.requests.map { try #require(comparison.request($0.userData)) }
  }

  /// The request that was submitted at this place, from 0.
  subscript(_ index: Int) -> Request { requests[index] }

  var rings: [Ring] { snapshot.rings }

  /// Those of an opcode, in order.
  func requests(_ opcode: String) -> [Request] { requests.filter { $0.opcode.name == opcode } }

  func chain(of request: Request) throws -> Chain {
    try #require(snapshot.chains.first { $0.id == request.chain })
  }

  /// Places of a chain's cancelled members among ``requests``.
  func cancelled(_ chain: Chain) -> [Int] {
    let ids = Set(chain.members.filter(\.isCancelled).map(\.request))
    return requests.indices.filter { ids.contains(requests[$0].id) }
  }

  /// The CQEs posted for a request, from the event log: what it keeps is the last one.
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
