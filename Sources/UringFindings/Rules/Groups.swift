import UringTrace

/// Rules about lent buffers and their groups: a leader that lends a buffer, and the members that
/// borrow it.
extension FindingRule {
  static let groupCondition = FindingRule(
    "group-condition",
    meaning: "Something is wrong between the lender of a buffer and the requests that borrow it.",
    cure: "See the group's detail."
  ) { evidence in
    let start = evidence.snapshot.time.since(evidence.span)
    var kinds: [GroupTrouble: [RequestGroup]] = [:]
    var lent: [GroupLender: Int] = [:]
    for group in evidence.snapshot.groups
    where group.endTime == 0 || group.endTime >= start {
      if group.provider.isLoan { lent[GroupLender(group), default: 0] += 1 }
      for condition in group.conditions where group.provider.isLoan || misuses.contains(condition) {
        let kind = GroupTrouble(lender: GroupLender(group), condition: condition)
        kinds[kind, default: []].append(group)
      }
    }
    let order = kinds.sorted {
      ($0.key.lender.ring, $0.key.lender.provider.rawValue, $0.key.condition.rawValue)
        < ($1.key.lender.ring, $1.key.lender.provider.rawValue, $1.key.condition.rawValue)
    }
    return order.compactMap { kind, groups in
      guard let trait = trouble[kind.condition] else { return nil }
      // An unused loan now and then is acceptable.
      let isRare = groups.count * 10 < lent[kind.lender] ?? 0
      if kind.condition == .unused, isRare { return nil }
      return Sighting(
        severity: trait.severity, rings: [kind.lender.ring],
        requests: groups.flatMap { concerned(in: $0, by: kind.condition) },
        summary: "\(kind.condition.name): \(kind.condition.explanation), in "
          + "\(Words.count(groups.count, "group")) (\(kind.lender.provider.title))",
        numbers: [.init("groups", groups.count), .init("first_group", groups[0].id)],
        meaning: "Condition of a lent buffer: \(kind.condition.explanation).", cure: trait.cure)
    }
  }

  /// Conditions caused by a member. They are faults even if the group's buffer is not a loan.
  private static let misuses = GroupConditions(
    .outOfRange, .wrongDirection, .emptySlot, .selectsProvided)

  /// The members of a group to which a condition applies; if there are none, the leader.
  private static func concerned(
    in group: RequestGroup, by condition: GroupCondition
  ) -> [Request.ID] {
    let members = group.members.filter { member in
      switch condition {
      case .pinned: !member.isDone
      case .answeredEarly: !member.isDone || member.endTime > group.withdrawnTime
      case .shortMember: member.isShort
      case .memberFailed, .streamDataLost, .outOfRange, .wrongDirection, .emptySlot:
        member.hasResult && member.result < 0
      case .membersCancelled: member.isCancelled
      case .selectsProvided: true
      default: false
      }
    }
    let requests = members.map(\.request).filter { $0 != 0 }
    return requests.isEmpty && group.leader.request != 0 ? [group.leader.request] : requests
  }

  /// Severity and cure of each condition except ``GroupCondition/exhausted``, which
  /// ``buffersExhausted`` reports.
  private static let trouble: [GroupCondition: (severity: Finding.Severity, cure: String)] = [
    .pinned: (
      .warn, "Cancel or wait for the members that still run before taking the buffer back."
    ),
    .givenBackLate: (
      .info, "See which member held the buffer last, and why it took so long."
    ),
    .heldAfterDone: (
      .warn, "Commit or unregister the buffer once its members are done."
    ),
    .neverGivenBack: (
      .warn, "Unregister buffers before the ring is closed."
    ),
    .shortMember: (
      .warn, "Submit the rest of the transfer before reporting it to the lender as done."
    ),
    .partlyFilled: (
      .warn, "Move the rest, or report the shorter length to the lender, which cannot detect it."
    ),
    .outOfRange: (.warn, "Keep offset and length of each member within the buffer."),
    .wrongDirection: (
      .warn, "Read only into destination buffers, and write only from source buffers."
    ),
    .emptySlot: (
      .warn, "Submit members only after the buffer is registered, and before it is unregistered."
    ),
    .selectsProvided: (
      .warn, "Do not set IOSQE_BUFFER_SELECT on a request that borrows a buffer."
    ),
    .leaderFailed: (.warn, "Handle the leader's error; there is no buffer for its members."),
    .memberFailed: (.info, "Handle the member's error, and report it to the lender."),
    .membersCancelled: (.info, "Handle the error of the leader or of the chain's cause."),
    .streamDataLost: (
      .crit, "The data is lost: close the stream, or receive into your own memory first."
    ),
    .unused: (
      .info, "Register only buffers that requests will use: each registration costs time."
    ),
    .committedElsewhere: (
      .crit, "Commit on the ring that fetched the I/O, or unregister the buffer there."
    ),
    .answeredEarly: (
      .crit, "Answer a request only when all members are done: its caller may reuse the memory."
    ),
    .notRegistered: (
      .warn, "Give each fetch a slot that is empty and within the ring's table."
    ),
  ]
}

/// A ring and the provider that lends to it.
private struct GroupLender: Hashable {
  var ring: Ring.ID
  var provider: GroupProvider

  init(_ group: RequestGroup) {
    ring = group.ring
    provider = group.provider
  }
}

/// The key of groups that are reported together: their lender and a condition.
private struct GroupTrouble: Hashable {
  var lender: GroupLender
  var condition: GroupCondition
}
