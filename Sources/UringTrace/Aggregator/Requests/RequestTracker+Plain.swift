import CRecord

/// The request tracker's part of the fast path for the two most frequent records; see
/// Aggregator+Plain.swift.
extension RequestTracker {
  /// Begins a request from a submission at an address whose last request has ended. Returns nil,
  /// without any change, if it cannot handle the record.
  @inline(__always)
  mutating func beginPlain(
    _ record: UnsafePointer<record_submit>, ring: Handle<RingState>, ringID: Ring.ID
  ) -> Request.ID? {
    let header = record.pointee.base
    guard let position = addresses.find(header.req),
      addresses[position].mark == .ended || addresses[position].mark == .past,
      let handle = slots.takeFreed()
    else { return nil }
    addresses[position] = AddressTable<RequestSlot>.Entry(
      address: header.req, handle: handle, mark: .object)
    links.append(handle, ring: ring)
    lastID &+= 1

    let slot = slots.mutablePointer(to: handle)
    slot.pointee.begin(header, ring: ring, ringID: ringID, id: lastID, isPlain: true)
    slot.pointee.describe(
      record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: true, flags: record.pointee.flags,
      tgid: record.pointee.tgid, tid: header.tid, isSQThread: record.pointee.sq_thread != 0)
    slot.pointee.request.firstSteps[unchecked: 0] = Step(
      time: header.time_ns, tid: header.tid, kind: .submitted)
    slot.pointee.request.stepCount = 1
    return lastID
  }

  /// A plain request in flight, found by ``findPlain(_:ring:)``.
  struct PlainRequest {
    fileprivate let position: AddressTable<RequestSlot>.Position
    let handle: Handle<RequestSlot>
    let slot: UnsafeMutablePointer<RequestSlot>
  }

  /// The request in flight at the record's address if it is plain, so that its only CQE ends it;
  /// nil otherwise.
  @inline(__always)
  mutating func findPlain(
    _ record: UnsafePointer<record_complete>, ring: Handle<RingState>
  ) -> PlainRequest? {
    guard let position = addresses.find(record.pointee.base.req),
      addresses[position].mark == .object
    else { return nil }
    // The entry is not marked as ended, so its handle is that of the request at this address.
    let handle = addresses[position].handle
    let slot = slots.mutablePointer(to: handle)
    guard slot.pointee.isPlain,
      slot.pointee.ring == ring,
      slot.pointee.request.opcode.rawValue == record.pointee.base.opcode,
      slot.pointee.request.userData == record.pointee.user_data
    else { return nil }
    return PlainRequest(position: position, handle: handle, slot: slot)
  }

  /// Ends a plain request. Returns the request displaced from the history; none while there is
  /// room.
  @inline(__always)
  mutating func completePlain(
    _ request: PlainRequest, _ record: UnsafePointer<record_complete>
  ) -> Handle<RequestSlot> {
    let header = record.pointee.base
    let slot = request.slot
    let sighting = sightings[request.handle, of: slot.pointee.request.id]
    if sighting.files.known.isEmpty,
      let past = PastRequest(
        slot, until: header.time_ns, tid: header.tid, result: record.pointee.res,
        cqeFlags: record.pointee.cflags)
    {
      links.remove(request.handle)
      addresses[request.position].handle = Handle(
        index: history.nextPosition.index, generation: 0)
      addresses[request.position].mark = .past
      // Without an address, no record can refer to the slot any more.
      slot.pointee.request.address = 0
      slots.give(back: request.handle)
      return history.append(past)?.slot ?? .none
    }
    addresses[request.position].mark = .ended
    slot.pointee.take(result: record.pointee.res, flags: record.pointee.cflags, tid: header.tid)
    add(
      Step(time: header.time_ns, tid: header.tid, kind: .completed), to: slot,
      handle: request.handle)
    slot.pointee.request.state = .completed
    links.remove(request.handle)
    return history.append(PastRequest(slot: request.handle))?.slot ?? .none
  }
}
