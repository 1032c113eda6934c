import CRecord

/// Counts by role (process name, cgroup and opcode; ``Role``). A role keeps its counts after its
/// rings were forgotten.
///
/// Counts are kept by ring and opcode until the name and the cgroup of the ring's process are
/// known. Then they are added to the role. A ring keeps its role, so that no count ever moves to
/// another role.
struct RoleTracker: ~Copyable {
  /// Counts of one opcode on a ring since they were last added to the role.
  struct Pending {
    var ring: Handle<RingState>
    var opcode: UInt8
    var counts = Role.Counts()
    var errnos: [Ring.ErrnoCount] = []
    var latency = LatencyBuckets()
    /// Index of the role in ``Roles/all``; -1 while the role is unknown.
    var role: Int32 = -1
    var isListed = false
  }

  private typealias ByOpcode = InlineArray<256, Handle<Pending>>

  /// False if roles were not requested: nothing is counted then.
  let isOn: Bool
  /// Maximum number of roles, not including the role that collects the counts of all roles beyond
  /// the limit.
  private let limit: Int
  private var pending = Pool<Pending>()
  private var rings = SideTable<RingState, ByOpcode>(ByOpcode(repeating: .none))
  /// Process name and cgroup of each ring whose role is fixed; nil for other rings.
  private var names = SideTable<RingState, Name?>(nil)
  /// Counts that have changed since they were last added to their role.
  private var changed: [Handle<Pending>] = []
  private var roles = Roles()
  private var positions: [Role.Key: Int32] = [:]

  /// The process name and cgroup of a role.
  struct Name {
    var comm: String
    var cgroup: String
  }

  init(limit: Int) {
    self.limit = limit
    isOn = limit > 0
  }

  // MARK: Rings

  mutating func ringBegan(_ ring: Handle<RingState>) {
    guard isOn else { return }
    rings.reset(ring)
    names.reset(ring)
  }

  /// Adds the ring's last counts to its roles.
  mutating func ringForgotten(_ ring: Handle<RingState>, _ name: Name) {
    guard isOn else { return }
    for opcode in 0..<256 where rings[ring][opcode] != .none {
      let handle = rings[ring][opcode]
      settle(handle, names[ring] ?? name)
      if pending[handle].isListed { changed.removeAll { $0 == handle } }
      pending.give(back: handle)
    }
    rings.reset(ring)
    names.reset(ring)
  }

  // MARK: Counting

  /// Applies `change` to the counts of an opcode on a ring.
  @inline(__always)
  mutating func count(
    _ ring: Handle<RingState>, _ opcode: Opcode, _ change: (inout Pending) -> Void
  ) {
    guard isOn else { return }
    let handle = handle(ring, opcode.rawValue)
    if !pending[handle].isListed { list(handle) }
    change(&pending[handle])
  }

  private mutating func handle(_ ring: Handle<RingState>, _ opcode: UInt8) -> Handle<Pending> {
    let known = rings[ring][Int(opcode)]
    return known == .none ? add(ring, opcode) : known
  }

  @inline(never)
  private mutating func add(_ ring: Handle<RingState>, _ opcode: UInt8) -> Handle<Pending> {
    let handle = pending.take(Pending(ring: ring, opcode: opcode))
    pending[handle] = Pending(ring: ring, opcode: opcode)
    rings[ring][Int(opcode)] = handle
    return handle
  }

  private mutating func list(_ handle: Handle<Pending>) {
    pending[handle].isListed = true
    changed.append(handle)
  }

  /// Adds counts of a forgotten ring to a role without name and cgroup, because those of the ring
  /// are not known any more.
  mutating func countForgotten(_ opcode: Opcode, _ change: (inout Pending) -> Void) {
    guard isOn else { return }
    let handle = pending.take(Pending(ring: .none, opcode: opcode.rawValue))
    pending[handle] = Pending(ring: .none, opcode: opcode.rawValue)
    change(&pending[handle])
    settle(handle, Name(comm: "", cgroup: ""))
    pending.give(back: handle)
  }

  // MARK: Roles

  /// Adds the counts that have changed to the roles.
  ///
  /// - Parameter name: returns the name of a ring's role; nil while the name is unknown.
  mutating func settle(_ name: (Handle<RingState>) -> Name?) {
    var waiting: [Handle<Pending>] = []
    for handle in changed {
      let ring = pending[handle].ring
      if names[ring] == nil { names[ring] = name(ring) }
      guard let name = names[ring] else {
        waiting.append(handle)
        continue
      }
      settle(handle, name)
      pending[handle].isListed = false
    }
    changed = waiting
  }

  private mutating func settle(_ handle: Handle<Pending>, _ name: Name) {
    if pending[handle].role < 0 {
      pending[handle].role = position(
        Role.Key(
          comm: name.comm, cgroup: name.cgroup,
          opcode: pending[handle].opcode == UInt8(RECORD_OPCODE_NONE)
            ? .none : .opcode(Opcode(rawValue: pending[handle].opcode))))
    }
    let position = Int(pending[handle].role)
    roles.all[position].add(pending[handle])
    pending[handle].counts = Role.Counts()
    pending[handle].errnos.removeAll(keepingCapacity: true)
    pending[handle].latency = LatencyBuckets()
  }

  private mutating func position(_ key: Role.Key) -> Int32 {
    if let known = positions[key] { return known }
    guard roles.all.count < limit else {
      roles.folded &+= 1
      let rest = Role.Key(comm: "", cgroup: "", opcode: .folded)
      return positions[rest] ?? add(rest)
    }
    return add(key)
  }

  private mutating func add(_ key: Role.Key) -> Int32 {
    let position = Int32(roles.all.count)
    roles.all.append(Role(key: key))
    positions[key] = position
    return position
  }

  /// The roles, with the counts that ``settle(_:)`` last added and with the numbers of requests in
  /// flight.
  mutating func snapshot(inFlight: [(ring: Handle<RingState>, opcode: Opcode, count: UInt64)])
    -> Roles
  {
    for index in roles.all.indices { roles.all[index].inFlight = 0 }
    for (ring, opcode, count) in inFlight {
      let handle = handle(ring, opcode.rawValue)
      let role = Int(pending[handle].role)
      if role >= 0 {
        roles.all[role].inFlight += count
      } else if !pending[handle].isListed {
        // These requests are older than the observation, and nothing has been counted for them yet.
        // The next ``settle(_:)`` finds their role.
        list(handle)
      }
    }
    return roles
  }
}

extension RoleTracker.Pending {
  mutating func count(error result: Int32) {
    errnos.add(1, of: ErrorNumber(result: result)?.rawValue ?? 0)
  }

  mutating func count(errno: Int32, times: UInt64) { errnos.add(times, of: errno) }

  mutating func count(bytes: UInt64, _ direction: OpcodeProperties.Direction) {
    switch direction {
    case .none: break
    case .read: counts.bytesRead &+= bytes
    case .write: counts.bytesWritten &+= bytes
    }
  }
}

extension Role {
  fileprivate mutating func add(_ pending: RoleTracker.Pending) {
    counts &+= pending.counts
    latency &+= pending.latency
    for error in pending.errnos { errnos.add(error.count, of: error.errno) }
  }
}

extension [Ring.ErrnoCount] {
  /// Adds to the count of an errno. If there are already ``Role/mostErrnos`` errnos, a new one
  /// counts as errno 0.
  fileprivate mutating func add(_ times: UInt64, of errno: Int32) {
    if let index = firstIndex(where: { $0.errno == errno }) {
      self[index].count &+= times
    } else if errno == 0 || count < Role.mostErrnos {
      append(Ring.ErrnoCount(errno: errno, count: times))
    } else {
      add(times, of: 0)
    }
  }
}
