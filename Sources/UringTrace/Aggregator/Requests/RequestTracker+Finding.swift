import CRecord

/// Look-up of requests by the addresses in records.
extension RequestTracker {
  /// The result of a look-up by address.
  enum Occupant {
    /// No request was seen at the address, or it was forgotten.
    case none
    /// The last request at the address has ended. The handle is nil if the request has no slot any
    /// more, or if only its end was seen. `isRequest` is false if the address is a notification's.
    case ended(Handle<RequestSlot>?, isRequest: Bool)
    case request(Handle<RequestSlot>)
    /// The address is that of the `io_kiocb` of a request's notification.
    case notification(Handle<RequestSlot>)
  }

  /// The request in flight whose own `io_kiocb` (not its notification's) is at this address.
  @inline(__always)
  func inFlight(at address: UInt64) -> Handle<RequestSlot>? {
    if case .request(let slot) = occupant(of: address) { slot } else { nil }
  }

  /// The request in flight whose own `io_kiocb`, or whose notification's, is at this address.
  @inline(__always)
  func user(of address: UInt64) -> (slot: Handle<RequestSlot>, isNotification: Bool)? {
    switch occupant(of: address) {
    case .request(let slot): (slot, false)
    case .notification(let slot): (slot, true)
    case .none, .ended: nil
    }
  }

  /// True if a record with the request's address can be about that request. If false, the records
  /// of the request's end and of the next request's beginning at that address were lost.
  @inline(__always)
  func isPlausible(
    _ header: record, for slot: Handle<RequestSlot>, ring: Handle<RingState>
  ) -> Bool {
    self[slot].ring == ring
      && (header.opcode == UInt8(RECORD_OPCODE_NONE)
        || header.opcode == self[slot].request.opcode.rawValue
        || preparationError(of: self[slot]) != 0)
  }

  /// The request in flight that an inventory walk (BPF iterator) saw; nil if any record about the
  /// request is newer than the walk.
  func seenInFlight(_ header: record, ring: Handle<RingState>) -> Handle<RequestSlot>? {
    guard let slot = latest(at: header.req), isPlausible(header, for: slot, ring: ring),
      !self[slot].request.state.isFinal, self[slot].request.lastTime <= header.time_ns
    else { return nil }
    return slot
  }

  /// True if records were lost since the last record about the request.
  @inline(__always)
  func isSuspect(_ slot: Handle<RequestSlot>) -> Bool {
    self[slot].request.lastTime <= lossTime
  }

  /// The requests in flight of one ring, oldest first.
  ///
  /// - Parameter count: number of requests in flight on the ring.
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
