import CRecord

/// Finding requests by what a record names.
extension RequestTracker {
  /// The table's entry for an address.
  enum Occupant {
    /// Never seen, or forgotten.
    case none
    /// The request that was there has ended; nil if only its end was seen.
    case ended(Handle<RequestSlot>?, isRequest: Bool)
    case request(Handle<RequestSlot>)
    /// The address is that of the request's notification.
    case notification(Handle<RequestSlot>)
  }

  /// The request in flight at an address that is its own, not its notification's.
  @inline(__always)
  func inFlight(at address: UInt64) -> Handle<RequestSlot>? {
    if case .request(let slot) = occupant(of: address) { slot } else { nil }
  }

  /// The request in flight at an address that is its own or its notification's.
  @inline(__always)
  func user(of address: UInt64) -> (slot: Handle<RequestSlot>, isNotification: Bool)? {
    switch occupant(of: address) {
    case .request(let slot): (slot, false)
    case .notification(let slot): (slot, true)
    case .none, .ended: nil
    }
  }

  /// Whether a record about the address of a request can be about that request. If not, the
  /// request's end and the beginning of the next one at its address were lost.
  @inline(__always)
  func isPlausible(
    _ header: record, for slot: Handle<RequestSlot>, ring: Handle<RingState>
  ) -> Bool {
    self[slot].ring == ring
      && (header.opcode == UInt8(RECORD_OPCODE_NONE)
        || header.opcode == self[slot].request.opcode.rawValue
        || self[slot].request.preparationError != 0)
  }

  /// The request in flight that a walk saw; nil if any record about it is newer than the walk.
  func seenInFlight(_ header: record, ring: Handle<RingState>) -> Handle<RequestSlot>? {
    guard let slot = latest(at: header.req), isPlausible(header, for: slot, ring: ring),
      !self[slot].request.state.isFinal, self[slot].request.lastTime <= header.time_ns
    else { return nil }
    return slot
  }

  /// Whether records were lost since the last record about the request.
  @inline(__always)
  func isSuspect(_ slot: Handle<RequestSlot>) -> Bool {
    self[slot].request.lastTime <= lossTime
  }

  /// The requests in flight of one ring, oldest first.
  ///
  /// - Parameter count: how many there are.
  func inFlight(of ring: Handle<RingState>, count: UInt32) -> [Handle<RequestSlot>] {
    var all: [Handle<RequestSlot>] = []
    guard count > 0 else { return all }
    forEachInFlight(of: ring) { slot, _ in
      all.append(slot)
      return all.count < Int(count)
    }
    return all
  }
}
