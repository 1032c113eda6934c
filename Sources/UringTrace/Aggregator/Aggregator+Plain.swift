import CRecord

/// The fast path for the two most frequent records, which arrive millions of times per second: a
/// plain submission, and the completion that ends a plain request (``RequestSlot/isPlain``).
///
/// Each function first makes all checks, then handles the record entirely or not at all. The
/// general path (``consumeAny(_:)``) handles all other records. For a record that the fast path
/// handles, the general path would produce the same result. The functions make no calls, so that
/// all values stay in registers.
extension Aggregator {
  /// Handles a submission on the same ring as the previous record, at an `io_kiocb` address whose
  /// last request has ended. Returns false if it did not handle the record.
  @inline(__always)
  mutating func submitPlain(_ record: UnsafePointer<record_submit>, isKept: Bool) -> Bool {
    let header = record.pointee.base
    let opcode = Opcode(rawValue: header.opcode)
    guard header.size >= MemoryLayout<record_submit>.size,
      let (handle, ring) = rings.recent(header.ctx),
      header.req != 0, header.time_ns < clock.nextTick,
      record.pointee.notif == 0, record.pointee.sqe_is_known != 0,
      !traits.isSpecial(opcode, record.pointer(to: \.sqe).unsafelyUnwrapped),
      record.pointee.group_role == 0, lending.openBatchCount == 0,
      !ring.pointee.isIndexed, ring.pointee.ring.closedTime == 0
    else { return false }
    let ringID = ring.pointee.ring.id
    guard let id = requests.beginPlain(record, ring: handle, ringID: ringID) else { return false }
    ring.pointee.lastTime = header.time_ns
    ring.pointee.ring.inFlight &+= 1
    ring.pointee.ring.counts.submitted &+= 1

    if isKept {
      events.appendLater(record.header, request: id, ring: ringID)
    } else {
      events.append(Event(record, request: id, ring: ringID))
    }
    return true
  }

  /// Handles the only CQE of a request in flight on the same ring as the previous record, if the
  /// CQE reports no error. Returns false if it did not handle the record.
  ///
  /// Marked as transparent, because the optimiser otherwise does not inline this function into the
  /// loop over the records. The call would cost 6 % of a replay.
  @_transparent
  mutating func completePlain(_ record: UnsafePointer<record_complete>, isKept: Bool) -> Bool {
    let header = record.pointee.base
    let result = record.pointee.res
    guard header.size == MemoryLayout<record_complete>.size,
      let (handle, ring) = rings.recent(header.ctx),
      header.req != 0, header.time_ns < clock.nextTick,
      result >= 0, !CQEFlags(rawValue: record.pointee.cflags).contains(.more),
      let request = requests.findPlain(record, ring: handle)
    else { return false }
    guard
      statistics.recordPlain(request.slot, of: requests, ring: handle, until: header.time_ns)
    else { return false }

    ring.pointee.lastTime = header.time_ns
    ring.pointee.ring.inFlight &-= 1
    ring.pointee.ring.counts.cqes &+= 1
    ring.pointee.ring.counts.completed &+= 1
    if result > 0 {
      ring.pointee.count(
        bytes: UInt64(result), traits.direction(Opcode(rawValue: header.opcode)))
    }
    let id = request.slot.pointee.request.id
    evict(requests.completePlain(request, record))

    if isKept {
      events.appendLater(record.header, request: id, ring: ring.pointee.ring.id)
    } else {
      events.append(Event(record, request: id, ring: ring.pointee.ring.id))
    }
    return true
  }
}
