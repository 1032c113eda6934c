import UringTrace

/// Comparison of a group's conditions with those that the log requires or allows.
extension TargetComparison {
  /// The time in nanoseconds after which the aggregator shows that a buffer is held too long or
  /// given back late.
  private static let long: UInt64 = 100_000_000

  mutating func compareConditions(
    _ expected: ExpectedGroup, _ group: RequestGroup, _ subject: TargetSubject
  ) {
    let io = expected.io
    var required: Set<String> = []
    switch io.fault {
    case _ where expected.isSpare: required = [io.automatic ? "unused" : "not_registered"]
    case "short-read": required = ["short_member", "partly_filled"]
    case "no-ack": required = ["held_after_done"]
    case "slow-member": required = ["given_back_late"]
    case "leader-fail": required = ["leader_failed", "members_cancelled"]
    case "member-fail": required = ["member_failed", "partly_filled"]
    case "wrong-direction": required = ["wrong_direction", "member_failed", "partly_filled"]
    default: break
    }
    var allowed = required
    if !expected.isSpare, io.fault != "leader-fail", let done = io.completedNs {
      // The log contains the ublk server's times. They only bound the time for which the kernel
      // held the buffer.
      let provided = io.registeredNs ?? io.fetchedNs
      if io.committedNs >= done + Self.long {
        required.insert("held_after_done")
      }
      // The log has no end times of single members: each member ended between its start and `done`.
      if done >= provided + Self.long { allowed.insert("given_back_late") }
      if let issued = io.issuedNs, issued >= provided + Self.long {
        required.insert("given_back_late")
      }
      allowed.formUnion(required)
      let begun = expected.isAutomatic ? group.providedTime : io.fetchedNs
      let end = group.acknowledgement?.time ?? io.committedNs
      if end >= begun + Self.long {
        allowed.insert("given_back_late")
        if end >= (io.issuedNs ?? end) + Self.long { allowed.insert("held_after_done") }
      }
    }
    let shown = Set(group.conditions.map { "\($0.name)" })
    if !shown.isSuperset(of: required) || !shown.isSubset(of: allowed) {
      differ(subject, "conditions: reported \(shown.sorted()), the log says \(required.sorted())")
    } else if io.fault != nil, !expected.isSpare {
      rightFaults.insert(IO(io))
    }
  }
}
