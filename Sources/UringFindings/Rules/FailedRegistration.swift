import UringTrace

extension FindingRule {
  static let failedRegistration = FindingRule(
    "failed-registration",
    meaning:
      "Requests name registered resources that the ring does not have: the call that should have registered them "
      + "failed, or was never made.",
    cure: "Check the result of io_uring_register, and do without the resources where it fails."
  ) { evidence in
    evidence.rings.flatMap { ring in
      [RegisterOpcode.Resource.buffers, .files].compactMap { resource in
        sighting(of: resource, on: ring, evidence)
      }
    }
  }

  private static func sighting(
    of resource: RegisterOpcode.Resource, on ring: Ring, _ evidence: Evidence
  ) -> Sighting? {
    let failure = ring.failedRegistrations.last { $0.opcode.resource == resource }
    let (count, noun) =
      resource == .buffers
      ? (ring.registeredBuffers, "registered buffers") : (ring.registeredFiles, "registered files")
    guard count == 0 else { return nil }
    // Counts only requests since the last change of the table, because only for these the table was
    // certainly empty.
    let since = max(failure?.time ?? 0, ring.tableTimes[resource] ?? 0)
    let users = evidence.users(of: resource, on: ring, since: since)
    guard let newest = users.first else { return nil }
    let times = Words.repeated(users.count)
    return Sighting(
      severity: .warn, rings: [ring.id], requests: users.reversed().map(\.id),
      summary:
        "\(evidence.words(newest)) failed with \(Words.error(newest.result))\(times): the ring has no \(noun)"
        + (failure.map { ", because " + evidence.words($0) }
          ?? evidence.suspicion(of: resource, on: ring)),
      numbers: [.init("requests", users.count), .init("failed_calls", failure?.count ?? 0)],
      cure: evidence.cure(resource, failure, ring))
  }
}

extension Evidence {
  /// Requests that failed because the ring lacks a resource, newest first.
  fileprivate func users(
    of resource: RegisterOpcode.Resource, on ring: Ring, since time: UInt64
  ) -> [Request] {
    switch resource {
    case .buffers:
      let start = snapshot.time.since(span)
      var members: Set<Request.ID> = []
      for group in snapshot.groups
      where group.ring == ring.id && group.conditions.contains(.emptySlot)
        && (group.endTime == 0 || group.endTime >= start)
      {
        for member in group.members
        where member.hasResult && member.result == -ErrorNumber.fault.rawValue {
          members.insert(member.request)
        }
      }
      guard !members.isEmpty else { return [] }
      return ended(on: ring.id) { members.contains($0.id) && $0.startTime >= time }
    case .files:
      return ended(on: ring.id) {
        $0.hasResult && $0.result == -ErrorNumber.badDescriptor.rawValue && $0.startTime >= time
          && $0.knows(.file)
          && SQEFlags(requestFlags: $0.flags).contains(.fixedFile)
      }
    }
  }

  /// A failed registration in words: "IORING_REGISTER_BUFFERS failed with ENOMEM in thread 4711
  /// (RLIMIT_MEMLOCK of process 4711 is 64 KiB)".
  func words(_ failure: Ring.FailedRegistration) -> String {
    var text =
      "IORING_\(failure.opcode.name) failed with \(Words.error(failure.result)) in thread "
      + Words.thread(failure.tid, in: snapshot) + Words.repeated(failure.count)
    if failure.result == -ErrorNumber.noMemory.rawValue, let limit = lockedLimit(of: failure.tgid) {
      text += " (\(limit))"
    }
    return text
  }

  /// A sentence about a limit that can make a registration fail, for a process whose calls were not
  /// observed; empty if there is none.
  fileprivate func suspicion(of resource: RegisterOpcode.Resource, on ring: Ring) -> String {
    guard resource == .buffers, let limit = lockedLimit(of: ring.ownerTgid) else { return "" }
    return
      ". IORING_REGISTER_BUFFERS was not seen; for more than the process may lock it fails with ENOMEM (\(limit))"
  }

  private func lockedLimit(of tgid: UInt32) -> String? {
    snapshot.processLimits[tgid]?.lockedBytes.map {
      "RLIMIT_MEMLOCK of process \(tgid) is \($0 / 1024) KiB"
    }
  }

  fileprivate func cure(
    _ resource: RegisterOpcode.Resource, _ failure: Ring.FailedRegistration?, _ ring: Ring
  ) -> String? {
    switch resource {
    case .buffers:
      let isLimited = lockedLimit(of: failure?.tgid ?? ring.ownerTgid) != nil
      guard isLimited, failure.map({ $0.result == -ErrorNumber.noMemory.rawValue }) ?? true else {
        return
          "Check the result of io_uring_register_buffers, and use READ and WRITE where it fails."
      }
      return
        "Check the result of io_uring_register_buffers: raise RLIMIT_MEMLOCK, or use READ and WRITE where it fails."
    case .files:
      return
        "Check the result of io_uring_register_files, and use plain descriptors where it fails."
    }
  }
}
