import UringTrace

/// The user's selection of rings and requests.
///
/// An empty set means no restriction; restrictions of different kinds must all hold. In a live
/// capture the BPF programs apply all restrictions except the minimum age.
public struct Filter: Sendable, Hashable {
  /// Process IDs, in uringtop's pid namespace: a ring passes if one of these processes has created
  /// it or has it open.
  public var pids: Set<UInt32> = []
  /// Names, as in /proc/PID/comm (at most 15 bytes), of processes that have created the ring or
  /// have it open.
  public var comms: Set<String> = []
  /// Cgroups of processes that have created the ring or have it open, or ancestors of these
  /// cgroups. Paths in the v2 hierarchy, as in /proc/PID/cgroup.
  public var cgroups: Set<String> = []
  /// Descriptors of rings, in the processes that pass the other restrictions.
  public var fds: Set<Int32> = []
  public var opcodes: Set<Opcode> = []
  /// Minimum age in nanoseconds of the requests in flight that are listed; 0 lists all.
  public var minimumAge: UInt64 = 0
  /// Live capture: N if all events of one request in N are recorded; other requests are only
  /// counted.
  public var sampling: UInt32 = 1
  /// Live capture: true to record the user stack at each submission.
  public var takesStacks = false
  /// Live capture: true to count io_uring's system calls; nil to do so only if ``pids`` is not
  /// empty.
  public var watchesCalls: Bool?

  public init() {}

  public var isEmpty: Bool { self == Filter() }
}

extension Filter {
  /// Returns the part of a snapshot that passes the filter.
  ///
  /// Rings keep their counts, and sums over all rings are unchanged. Lists of rings, requests and
  /// processes are filtered; lookup tables, such as names, stay complete.
  public func apply(to snapshot: Snapshot) -> Snapshot {
    guard !isEmpty else { return snapshot }
    let view = FilteredView(snapshot, self)
    var result = snapshot
    result.rings = snapshot.rings.filter { view.shows(ring: $0.id) }
    result.requests = snapshot.requests.filter { request in
      view.shows(ring: request.ring, request.opcode)
        && (minimumAge == 0 || snapshot.time >= request.startTime &+ minimumAge)
    }
    result.recent = snapshot.recent.filter { view.shows(ring: $0.ring, $0.opcode) }
    result.latency = snapshot.latency.filter { view.shows(ring: $0.ring, $0.opcode) }
    result.chains = snapshot.chains.filter { chain in
      view.shows(ring: chain.ring) && chain.members.contains { view.shows($0.opcode) }
    }
    result.groups = snapshot.groups.filter { group in
      view.shows(ring: group.ring)
        && (view.shows(group.leader.opcode) || group.members.contains { view.shows($0.opcode) })
    }
    result.buffers = snapshot.buffers.filter { view.shows(ring: $0.ring) }
    result.events = snapshot.events.filter { event in
      (event.ring == 0 || view.shows(ring: event.ring))
        && (event.request == 0 || view.shows(event.opcode))
    }
    result.systemCalls = snapshot.systemCalls.filter { calls in
      calls.ring.map { view.shows(ring: $0) } ?? view.shows(process: calls.tgid)
    }
    result.workerPools = snapshot.workerPools.filter { view.shows(process: $0.tgid) }
    result.processLimits = snapshot.processLimits.filter { view.shows(process: $0.key) }
    keepDetails(of: &result, view)
    return result
  }

  /// Removes data about requests that do not pass, and about processes that are not connected to
  /// processes that pass.
  private func keepDetails(of result: inout Snapshot, _ view: FilteredView) {
    var shown: Set<Request.ID> = []
    for request in result.requests { shown.insert(request.id) }
    for request in result.recent { shown.insert(request.id) }
    result.fileStates = result.fileStates.filter { shown.contains($0.key) }
    result.ublkSlots = result.ublkSlots.filter { shown.contains($0.key) }
    result.memoryChanges = result.memoryChanges.filter { shown.contains($0.key) }
    guard var processes = view.processes else { return }
    // Keeps all block requests of a device, because a request that waits for a free tag of the
    // device waits until one of them ends.
    var devices: Set<String> = []
    for disk in result.diskRequests
    where disk.request.map({ shown.contains($0) }) ?? view.shows(process: disk.serverTgid) {
      devices.insert(disk.block.device)
    }
    for request in result.requests where request.workerTid != 0 {
      guard let name = result.fileNames.name(of: request)?.split(separator: "/").last else {
        continue
      }
      devices.insert(String(name))
    }
    result.diskRequests = result.diskRequests.filter { devices.contains($0.block.device) }
    processes.formUnion(result.diskRequests.map(\.serverTgid))
    result.waits.keep(connectedTo: processes)
  }

  /// True if the filter excludes rings, not only opcodes.
  package var restrictsRings: Bool {
    !pids.isEmpty || !comms.isEmpty || !fds.isEmpty || !cgroups.isEmpty
  }

  /// True if a process in this cgroup (nil: unknown) passes the restriction to cgroups.
  package func passes(cgroup: @autoclosure () -> String?) -> Bool {
    guard !cgroups.isEmpty else { return true }
    guard let cgroup = cgroup() else { return false }
    return cgroups.contains { $0 == "/" || cgroup == $0 || cgroup.hasPrefix($0 + "/") }
  }
}

/// The rings, processes and opcodes of a snapshot that pass a filter.
private struct FilteredView {
  /// Processes that pass; nil for all.
  private(set) var processes: Set<UInt32>?
  private var rings: Set<Ring.ID>?
  private let opcodes: Set<Opcode>

  init(_ snapshot: Snapshot, _ filter: Filter) {
    opcodes = filter.opcodes
    guard filter.restrictsRings else { return }
    var (rings, processes): (Set<Ring.ID>, Set<UInt32>) = ([], [])
    for ring in snapshot.rings {
      let holders = filter.holders(of: ring, in: snapshot)
      guard !holders.isEmpty else { continue }
      rings.insert(ring.id)
      processes.formUnion(holders)
    }
    // Adds processes without a ring: the kernel has refused to create one for them.
    if filter.fds.isEmpty {
      for calls in snapshot.systemCalls
      where filter.passes(calls.tgid, in: snapshot) {
        processes.insert(calls.tgid)
      }
    }
    self.rings = rings
    self.processes = processes
  }

  func shows(ring: Ring.ID) -> Bool { rings?.contains(ring) ?? true }
  func shows(process: UInt32) -> Bool { processes?.contains(process) ?? true }
  func shows(_ opcode: Opcode) -> Bool { opcodes.isEmpty || opcodes.contains(opcode) }
  func shows(ring: Ring.ID, _ opcode: Opcode) -> Bool { shows(ring: ring) && shows(opcode) }
}

extension Filter {
  fileprivate func passes(_ tgid: UInt32, in snapshot: Snapshot) -> Bool {
    (pids.isEmpty || pids.contains(tgid))
      && (comms.isEmpty || snapshot.taskNames[tgid].map { comms.contains($0) } ?? false)
      && self.passes(cgroup: snapshot.processCgroups[tgid])
  }

  /// Returns the processes that pass and that have created the ring or have it open. If the filter
  /// names descriptors, returns only processes that have the ring open with one of these
  /// descriptors. The ring passes if the result is not empty.
  fileprivate func holders(of ring: Ring, in snapshot: Snapshot) -> [UInt32] {
    func passes(_ tgid: UInt32) -> Bool {
      self.passes(tgid, in: snapshot)
        || tgid == ring.ownerTgid && (pids.isEmpty || pids.contains(tgid))
          && comms.contains(ring.comm) && self.passes(cgroup: snapshot.processCgroups[tgid])
    }
    var holders: [UInt32] = fds.isEmpty && passes(ring.ownerTgid) ? [ring.ownerTgid] : []
    for descriptor in ring.descriptors
    where passes(descriptor.tgid) && (fds.isEmpty || fds.contains(descriptor.fd)) {
      holders.append(descriptor.tgid)
    }
    return holders
  }
}
