import CRecord

@testable import UringTrace

/// The request, ring and lending trackers without an aggregator, for tests that drive a tracker directly.
struct TrackerScene: ~Copyable {
  var requests = RequestTracker(history: 4)
  var rings = RingTracker(closedLimit: 2)
  var lending = LendingTracker(history: 4)
  var event = Event(
    time: 0, request: 0, ring: 0, kind: .submit, opcode: Opcode(rawValue: 0), userData: 0,
    value: 0, tid: 0, flags: 0)

  /// Adds a ring to the ring tracker and the lending tracker.
  mutating func ring(_ context: UInt64 = 4096) -> Handle<RingState> {
    let ring = rings.add(context, time: 1)!
    lending.ringBegan(ring, id: rings[ring].ring.id)
    return ring
  }

  /// Begins a request at a kiocb address.
  mutating func request(
    _ address: UInt64, on ring: Handle<RingState>, opcode: Opcode = Opcode(rawValue: 0),
    userData: UInt64 = 0, flags: SQEFlags = [], sqe change: (inout SQE) -> Void = { _ in }
  ) -> Handle<RequestSlot> {
    var header = record()
    header.req = address
    header.time_ns = 10
    header.opcode = opcode.rawValue
    header.tid = 7
    let (position, _) = requests.claim(address, now: 10)
    let slot = requests.begin(
      header, at: position, ring: ring, ringID: rings[ring].ring.id)
    var sqe = SQE()
    sqe.user_data = userData
    sqe.flags = flags.rawValue
    change(&sqe)
    requests[slot].describe(
      &sqe, isKnown: true, flags: UInt64(flags.rawValue), tgid: 1, tid: 7, isSQThread: false)
    return slot
  }

  /// Ends a request with a result, in the request tracker only.
  ///
  /// - Returns: the request that leaves the history; `.none` if none does.
  mutating func end(
    _ slot: Handle<RequestSlot>, result: Int32 = 0
  ) -> Handle<RequestSlot> {
    requests[slot].take(result: result, flags: 0, tid: 7)
    requests.finish(slot, as: .completed, step: .completed, time: 20, tid: 7)
    return requests.retire(slot)
  }
}
