import UringTrace

/// A comparison of uringtop's groups (a lent buffer and the requests that use it) with the
/// program's truth. Contains the checks that are common to all providers of buffers.
protocol LentGroupComparison {
  var truth: ProgramTruth { get }
  var differences: [String] { get set }
}

extension LentGroupComparison {
  func request(_ userData: ProgramTruth.UserData) -> ProgramTruth.Request? {
    truth.requests.first { $0.userData == userData }
  }

  mutating func compareMembers(
    _ group: RequestGroup, _ told: [ProgramTruth.UserData], _ name: String
  ) {
    let members = told.compactMap(request)
    expect(group.members.map { ProgramTruth.UserData($0.userData) }, told, name, "members")
    expect(
      group.members.map { $0.hasResult ? $0.result : nil },
      members.map { $0.end == .inFlight ? nil : $0.res }, name, "results of members")
    expect(
      group.members.filter(\.isDone).allSatisfy(\.isConfirmed), true, name,
      "members were seen to use it")
    let moved = members.reduce(0) { $0 + UInt64(max(0, $1.res ?? 0)) }
    expect(group.movedBytes, moved, name, "bytes moved")
  }

  /// Compares a group's conditions with the truth, but ignores conditions that a slow machine can
  /// cause.
  mutating func compareConditions(_ group: RequestGroup, _ told: [String], _ name: String) {
    let timely: Set = ["pinned", "given_back_late", "held_after_done"]
    let shown = Set(group.conditions.map { "\($0.name)" })
    expect(shown.subtracting(timely).sorted(), told.sorted(), name, "conditions")
  }

  mutating func differ(_ name: String, _ text: String) {
    differences.append("\(name): \(text)")
  }

  mutating func expect<T: Equatable>(_ reported: T, _ told: T, _ name: String, _ what: String) {
    guard reported != told else { return }
    differ(name, "\(what): reported \(reported), the program says \(told)")
  }
}
