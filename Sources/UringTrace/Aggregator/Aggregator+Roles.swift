import CRecord
import UringBase
import UringRecords

/// Counting by role (process name, cgroup and opcode; ``Role``), for aggregators with
/// ``Limits/roles`` above 0.
extension Aggregator {
  /// Consumes records like ``consume(kept:)``. Also counts, by role, the records that the fast path
  /// handles. Separate from ``consume(kept:)``, so that the loop there needs no code for roles.
  @inline(never)
  mutating func consumeCounting(_ records: UnsafeRawBufferPointer) {
    guard var next = records.baseAddress else { return }
    let end = next + records.count
    while next < end {
      let record = next.assumingMemoryBound(to: record.self)
      takeCounting(record, isKept: true)
      next += Int(record.pointee.size)
      stream.records &+= 1
    }
  }

  mutating func takeCounting(_ record: UnsafePointer<record>, isKept: Bool) {
    let header = record.pointee
    switch header.kind {
    case .submit where submitPlain(record.body(), isKept: isKept):
      guard let (ring, _) = rings.recent(header.ctx) else { return }
      roles.count(ring, Opcode(rawValue: header.opcode)) { $0.counts.submitted &+= 1 }
    case .complete where completePlain(record.body(), isKept: isKept):
      guard let (ring, _) = rings.recent(header.ctx) else { return }
      countPlainEnd(record.body(), ring)
    default: consumeAny(record)
    }
  }

  /// Counts, by role, the completion that the fast path has just handled.
  private mutating func countPlainEnd(
    _ record: UnsafePointer<record_complete>, _ ring: Handle<RingState>
  ) {
    let header = record.pointee.base
    let opcode = Opcode(rawValue: header.opcode)
    guard let (request, start) = requests.newestEnd else { return }
    let example = LatencyBuckets.Example(
      request: request, ring: rings[ring].ring.id, latency: header.time_ns.since(start),
      time: header.time_ns)
    let bytes = UInt64(max(0, record.pointee.res))
    let direction = bytes > 0 ? traits.direction(opcode) : .none
    roles.count(ring, opcode) { pending in
      pending.counts.completed &+= 1
      pending.counts.cqes &+= 1
      pending.latency.record(example)
      pending.count(bytes: bytes, direction)
    }
  }

  /// Adds a request's latency to its role. Does nothing if `latency` is nil.
  @inline(__always)
  mutating func countLatency(_ latency: UInt64?, of slot: Handle<RequestSlot>, at time: UInt64) {
    guard roles.isOn, let latency else { return }
    let request = requests[slot].request
    let example = LatencyBuckets.Example(
      request: request.id, ring: request.ring, latency: latency, time: time)
    roles.count(requests[slot].ring, request.opcode) { $0.latency.record(example) }
  }

  /// Counts, by ring and by role, bytes that a request of an opcode moved.
  @inline(__always)
  mutating func count(bytes: UInt64, of opcode: Opcode, _ ring: Handle<RingState>) {
    let direction = traits.direction(opcode)
    rings[ring].count(bytes: bytes, direction)
    roles.count(ring, opcode) { $0.count(bytes: bytes, direction) }
  }

  /// Counts, by ring and by role, a request of an opcode that ended with an error.
  @inline(never)
  mutating func count(error result: Int32, of opcode: Opcode, _ ring: Handle<RingState>) {
    rings[ring].count(error: result)
    roles.count(ring, opcode) { $0.count(error: result) }
  }

  /// Nanoseconds for which a ring waits, from its first record on, for the name and the cgroup of its
  /// process. Then it gets its roles without them.
  private static var namingPatience: UInt64 { 3_000_000_000 }

  /// Maximum length of a role's cgroup path, in columns.
  private static var longestCgroup: Int { 200 }

  /// The roles with all counts up to now.
  mutating func currentRoles() -> Roles {
    var named: [Handle<RingState>: RoleTracker.Name] = [:]
    rings.forEachRing { handle, ring in
      let isLate =
        ring.ring.isClosed || clock.now.since(ring.ring.firstTime) > Self.namingPatience
      if let name = name(of: ring, isLate: isLate) { named[handle] = name }
    }
    roles.settle { named[$0] }
    return roles.snapshot(inFlight: requests.inFlightByOpcode)
  }

  /// The process name and cgroup of a ring's roles; nil while one of them is unknown.
  ///
  /// - Parameter isLate: true if an unknown name or cgroup is replaced by an empty one.
  func name(of ring: borrowing RingState, isLate: Bool) -> RoleTracker.Name? {
    let cgroup = names.cgroup(of: ring.ring.ownerTgid)
    guard isLate || ring.ring.ownerTgid != 0 && !ring.ring.comm.isEmpty && cgroup != nil else {
      return nil
    }
    // The names become printable, and the cgroup is shortened. Rings whose names are then equal
    // share their roles.
    return RoleTracker.Name(
      comm: ring.ring.comm.printable,
      cgroup: (cgroup ?? "").printable.shortened(to: Self.longestCgroup))
  }
}

extension RequestTracker {
  /// The request that ended last, and its start.
  fileprivate var newestEnd: (request: Request.ID, start: UInt64)? {
    guard historyCount > 0 else { return nil }
    let slot = history[age: 0].slot
    return slot == .none
      ? (history[age: 0].id, history[age: 0].startTime)
      : (self[slot].request.id, self[slot].request.startTime)
  }

  /// Numbers of requests in flight by ring and opcode.
  fileprivate var inFlightByOpcode: [(ring: Handle<RingState>, opcode: Opcode, count: UInt64)] {
    struct Key: Hashable {
      var ring: Handle<RingState>
      var opcode: Opcode
    }
    var counts: [Key: UInt64] = [:]
    forEachInFlight { _, slot in
      counts[Key(ring: slot.ring, opcode: slot.request.opcode), default: 0] += 1
      return true
    }
    return counts.map { ($0.key.ring, $0.key.opcode, $0.value) }
  }
}
