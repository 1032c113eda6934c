import CRecord

/// A request's part in a ``RequestGroup``.
public enum GroupRole: UInt8, Sendable, BitwiseCopyable {
  /// Makes the buffer available.
  case leader
  /// Borrows the buffer.
  case member
  /// Takes the buffer back from the ring's table.
  case withdrawer
}

/// Requests and request groups that have left an aggregator's history, in the order in which they
/// left it. A caller that takes the departures regularly, and calls ``Aggregator/departAll()`` at
/// the end, receives all requests and groups of a recording in bounded memory.
package struct Departures: Sendable {
  /// A request, ended or in flight, with its neighbours in its chain and its part in a group.
  package struct Departed: Sendable {
    package var request: Request
    /// The requests before and behind this request in its chain; nil if there is none.
    package var previous: Neighbour?
    package var next: Neighbour?
    /// Time at which the previous request of the chain ended, so that this request could run; 0 if
    /// the previous request has not ended.
    package var releasedTime: UInt64
    /// The group that ``Request/group`` names; nil if there is none or the group was forgotten.
    package var group: Membership?
  }

  package struct Neighbour: Sendable {
    package var request: Request.ID
    /// True if the neighbour has already left the history.
    package var hasDeparted: Bool
  }

  package struct Membership: Sendable {
    package var group: RequestGroup.ID
    package var ring: Ring.ID
    package var provider: GroupProvider
    package var role: GroupRole
    /// Time at which the group began; nanoseconds, CLOCK_MONOTONIC.
    package var startTime: UInt64
  }

  package var requests: [Departed]
  package var groups: [RequestGroup]
}

extension Aggregator {
  /// Starts keeping the requests and groups that leave the history, so that ``takeDepartures()``
  /// can return them. The first call must precede the first record.
  package mutating func keepDepartures() {
    departed = []
    lending.departed = []
  }

  /// Consumes one record, always on the general path. The fast path is unsuitable here: a request
  /// that it ends can leave the history without being added to the departures.
  package mutating func consumeForDepartures(_ record: UnsafePointer<record>) {
    stream.records &+= 1
    consumeAny(record)
  }

  /// True if ``takeDepartures()`` would return a request or a group.
  package var hasDepartures: Bool {
    departed?.isEmpty == false || lending.departed?.isEmpty == false
  }

  /// Returns the requests and groups that have left the history since the last call.
  package mutating func takeDepartures() -> Departures {
    defer { keepDepartures() }
    return Departures(requests: departed ?? [], groups: lending.departed ?? [])
  }

  /// Adds all requests and groups that have not left the history to the departures: ended requests
  /// first, then requests in flight, then groups. No record may be consumed afterwards.
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

  /// The ring that a consumed record names, with the ring's number of requests in flight and its
  /// queue lengths after the record; nil if the ring is unknown.
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
