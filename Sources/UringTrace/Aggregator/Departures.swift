import CRecord

/// A request's part in a group.
public enum GroupRole: UInt8, Sendable, BitwiseCopyable {
  /// Makes the buffer available.
  case leader
  /// Borrows the buffer.
  case member
  /// Takes the buffer back from the ring's table.
  case withdrawer
}

/// Requests and groups that have left an aggregator's history, in order. Together, all departures of a recording are all
/// its requests and groups; they need bounded memory.
package struct Departures: Sendable {
  /// A request, ended or not, with its place among others.
  package struct Departed: Sendable {
    package var request: Request
    /// The requests before and behind it in its chain.
    package var previous: Neighbour?
    package var next: Neighbour?
    /// When the request before it ended, so that it could run; 0 if it has not.
    package var releasedTime: UInt64
    /// The group that ``Request/group`` names; nil also if the group was forgotten.
    package var group: Membership?
  }

  package struct Neighbour: Sendable {
    package var request: Request.ID
    /// True if it departed earlier.
    package var hasDeparted: Bool
  }

  package struct Membership: Sendable {
    package var group: RequestGroup.ID
    package var ring: Ring.ID
    package var provider: GroupProvider
    package var role: GroupRole
    /// When the group began.
    package var startTime: UInt64
  }

  package var requests: [Departed]
  package var groups: [RequestGroup]
}

extension Aggregator {
  /// Keeps the entries that leave the history until ``takeDepartures()``. Must be called before the first record.
  package mutating func keepDepartures() {
    departed = []
    lending.departed = []
  }

  /// Consumes one record on the long path: only there, every request leaves the history whole.
  package mutating func consumeForDepartures(_ record: UnsafePointer<record>) {
    stream.records &+= 1
    consumeAny(record)
  }

  /// True if ``takeDepartures()`` has something to give.
  package var hasDepartures: Bool {
    departed?.isEmpty == false || lending.departed?.isEmpty == false
  }

  /// Gives what has left the history since the last call.
  package mutating func takeDepartures() -> Departures {
    defer { keepDepartures() }
    return Departures(requests: departed ?? [], groups: lending.departed ?? [])
  }

  /// Makes everything depart: what has ended, then what has not. No record may follow.
  package mutating func departAll() {
    for age in (0..<requests.historyCount).reversed() {
      let slot = requests.history[age: age].slot
      if slot != .none { depart(slot) }
    }
    var remaining: [Handle<RequestSlot>] = []
    requests.forEachInFlight { slot, _ in
      remaining.append(slot)
      return true
    }
    for slot in remaining { depart(slot) }
    let groups = lending.allGroups(now: clock.now)
    lending.departed?.append(contentsOf: groups.reversed())
  }

  @inline(never)
  mutating func depart(_ slot: Handle<RequestSlot>) {
    var request = requests.request(of: slot)
    if !request.state.isFinal { request.isSuspect = requests.isSuspect(slot) }
    let (previous, next) = chains.neighbours(of: slot, requests)
    departed?.append(
      Departures.Departed(
        request: request, previous: previous, next: next,
        releasedTime: request.extra.releasedTime,
        group: lending.membership(of: requests[slot])))
  }

  // MARK: Facts besides departures

  /// The name of a thread; nil if unknown.
  package func taskName(_ tid: UInt32) -> String? { names.taskName(tid) }

  package var fileNames: FileNames { names.fileNames }

  /// The state of a record's ring after the record; nil if there is none.
  package func depth(
    of record: UnsafePointer<record>
  ) -> (ring: Ring.ID, inFlight: UInt32, sqPending: UInt32, cqPending: UInt32)? {
    guard let ring = rings.known(record.pointee.ctx) else { return nil }
    let state = rings[ring].ring
    return (state.id, state.inFlight, state.sqPending, state.cqPending)
  }
}

extension LendingTracker {
  fileprivate func membership(of slot: borrowing RequestSlot) -> Departures.Membership? {
    let part = part(of: slot)
    guard slot.request.group != 0, let group = resolve(part.group) else { return nil }
    return Departures.Membership(
      group: self[group].id, ring: self[group].buffer.ringID, provider: self[group].provider,
      role: part.role, startTime: self[group].times.start)
  }
}
