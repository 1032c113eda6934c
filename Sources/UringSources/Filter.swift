import UringTrace

/// The user's selection of rings and requests. Live, the kernel applies all of it but the age.
///
/// An empty set stands for no restriction; restrictions of different kinds must all hold.
public struct Filter: Sendable, Hashable {
  /// Processes that own or hold the ring, as the user sees them.
  public var pids: Set<UInt32> = []
  /// Names of such processes, as in /proc/PID/comm (15 bytes at most).
  public var comms: Set<String> = []
  /// Ring descriptors: of the processes above if any are named, else of any process.
  public var fds: Set<Int32> = []
  public var opcodes: Set<Opcode> = []
  /// Nanoseconds a request in flight must be old to be listed; 0 lists all.
  public var minimumAge: UInt64 = 0
  /// Live: one request in this many has records, with all its events; the others are only counted.
  public var sampling: UInt32 = 1
  /// Live: take the user stack at each submission.
  public var takesStacks = false
  /// Live: watch the system calls of io_uring; nil: if processes are named.
  public var watchesCalls: Bool?

  public init() {}

  public var isEmpty: Bool { self == Filter() }
}

extension Filter {
  /// The part of a snapshot that passes. Rings keep their counts; sums over all rings are unchanged.
  public func apply(to snapshot: Snapshot) -> Snapshot {
    guard !isEmpty else { return snapshot }
    var result = snapshot
    if restrictsRings {
      result.rings = snapshot.rings.filter { passes($0, names: snapshot.taskNames) }
    }
    let rings = Set(result.rings.map(\.id))
    func isListed(_ ring: Ring.ID, _ opcode: Opcode) -> Bool {
      (!restrictsRings || rings.contains(ring)) && (opcodes.isEmpty || opcodes.contains(opcode))
    }
    result.requests = snapshot.requests.filter { request in
      isListed(request.ring, request.opcode)
        && (minimumAge == 0 || snapshot.time >= request.startTime &+ minimumAge)
    }
    result.recent = snapshot.recent.filter { isListed($0.ring, $0.opcode) }
    result.latency = snapshot.latency.filter { isListed($0.ring, $0.opcode) }
    result.chains = snapshot.chains.filter { chain in
      (!restrictsRings || rings.contains(chain.ring))
        && (opcodes.isEmpty || chain.members.contains { opcodes.contains($0.opcode) })
    }
    result.groups = snapshot.groups.filter { group in
      (!restrictsRings || rings.contains(group.ring))
        && (opcodes.isEmpty || opcodes.contains(group.leader.opcode)
          || group.members.contains { opcodes.contains($0.opcode) })
    }
    result.buffers = snapshot.buffers.filter { !restrictsRings || rings.contains($0.ring) }
    if restrictsRings {
      result.systemCalls = snapshot.systemCalls.filter { calls in
        calls.ring.map { rings.contains($0) } ?? (pids.isEmpty || pids.contains(calls.tgid))
      }
    }
    result.events = snapshot.events.filter { event in
      let ringPasses = !restrictsRings || event.ring == 0 || rings.contains(event.ring)
      let opcodePasses = opcodes.isEmpty || event.request == 0 || opcodes.contains(event.opcode)
      return ringPasses && opcodePasses
    }
    return result
  }

  private var restrictsRings: Bool { !pids.isEmpty || !comms.isEmpty || !fds.isEmpty }

  /// Processes named by the filter must hold the ring, and under the descriptor if one is named.
  private func passes(_ ring: Ring, names: [UInt32: String]) -> Bool {
    func processPasses(_ tgid: UInt32) -> Bool {
      guard pids.isEmpty || pids.contains(tgid) else { return false }
      guard !comms.isEmpty else { return true }
      if tgid == ring.ownerTgid, comms.contains(ring.comm) { return true }
      return names[tgid].map { comms.contains($0) } ?? false
    }
    if fds.isEmpty, processPasses(ring.ownerTgid) { return true }
    return ring.descriptors.contains { descriptor in
      processPasses(descriptor.tgid) && (fds.isEmpty || fds.contains(descriptor.fd))
    }
  }
}
