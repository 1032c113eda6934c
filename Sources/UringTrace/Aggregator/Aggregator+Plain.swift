import CRecord

/// The short way of the commonest records: a submission, and a completion that ends its request, about
/// which there is nothing special. They come in millions a second.
///
/// Each of the two looks first, and does all or nothing: whatever it does not take goes the long way,
/// with the same result. Nothing is called in between, so that all values stay in registers.
extension Aggregator {
  /// Takes a submission on the ring of the record before, at an address that is known and free.
  @inline(__always)
  mutating func submitPlain(_ record: UnsafePointer<record_submit>) -> Bool {
    let header = record.pointer(to: \.base).unsafelyUnwrapped
    let time = header.pointee.time_ns
    let address = header.pointee.req
    let opcode = Opcode(rawValue: header.pointee.opcode)
    let ring = lastRingState
    guard header.pointee.size >= MemoryLayout<record_submit>.size,
      header.pointee.ctx == lastContext, header.pointee.ctx != 0, address != 0,
      time < clock.nextTick,
      record.pointee.notif == 0, record.pointee.sqe_is_known != 0,
      !traits.isMultishot(opcode, record.pointee.sqe, isKnown: true),
      !ring.pointee.isIndexed, ring.pointee.ring.closedTime == 0,
      let position = addresses.find(address), !isLive(addresses[position]),
      let place = slots.takeFreed()
    else { return false }

    clock.advance(within: time)
    addresses[position].index = place
    addresses[position].mark = EntryMark.request
    links.append(place, ring: lastRing)
    lastRequestID &+= 1
    let id = lastRequestID
    ring.pointee.lastTime = time
    ring.pointee.ring.inFlight &+= 1
    ring.pointee.ring.counts.submitted &+= 1

    let slot = slots.mutablePointer(to: place)
    slot.pointee.begin(header.pointee, ring: lastRing, ringID: ring.pointee.ring.id, id: id)
    slot.pointee.describe(
      record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: true, flags: record.pointee.flags,
      tgid: record.pointee.tgid, tid: header.pointee.tid, isSQThread: record.pointee.sq_thread != 0)
    slot.pointee.request.stepStorage[unchecked: 0] = Step(
      time: time, tid: header.pointee.tid, kind: .submitted)
    slot.pointee.request.stepCount = 1

    events.append(
      Event(
        time: time, request: id, userData: record.pointee.sqe.user_data,
        value: Int64(record.pointee.sqe.fd), ring: ring.pointee.ring.id, tid: header.pointee.tid,
        flags: UInt32(truncatingIfNeeded: record.pointee.flags & 0xff), kind: .submit,
        opcode: opcode))
    lastRecordWasSound = true
    lastEventIsLogged = true
    return true
  }

  /// Takes the only CQE, without error, of a request in flight on the ring of the record before, about
  /// which nothing was heard since its submission.
  @inline(__always)
  mutating func completePlain(_ record: UnsafePointer<record_complete>) -> Bool {
    let header = record.pointer(to: \.base).unsafelyUnwrapped
    let time = header.pointee.time_ns
    let address = header.pointee.req
    let opcode = Opcode(rawValue: header.pointee.opcode)
    let result = record.pointee.res
    let ring = lastRingState
    guard header.pointee.size >= MemoryLayout<record_complete>.size,
      header.pointee.ctx == lastContext, header.pointee.ctx != 0, address != 0,
      time < clock.nextTick, result >= 0,
      !CQEFlags(rawValue: record.pointee.cflags).contains(.more),
      let position = addresses.find(address), addresses[position].mark == EntryMark.request,
      isLive(addresses[position])
    else { return false }
    let place = addresses[position].index
    let slot = slots.mutablePointer(to: place)
    guard slot.pointee.ring == lastRing, slot.pointee.request.opcode == opcode,
      slot.pointee.request.userData == record.pointee.user_data,
      slot.pointee.request.stepCount == 1, slot.pointee.request.isStartKnown,
      slot.pointee.request.preparationError == 0, !slot.pointee.isLatencyRecorded,
      !slot.pointee.isIndexed, links[place].chain == noIndex,
      time >= slot.pointee.request.startTime
    else { return false }
    let statisticsPlace = ring.pointee.statistics[unchecked: Int(opcode.rawValue)]
    guard statisticsPlace != noIndex else { return false }
    let latency = time &- slot.pointee.request.startTime
    let opcodeStatistics = statistics.mutablePointer(to: statisticsPlace)
    guard opcodeStatistics.pointee.recordIssued(latency) else { return false }

    clock.advance(within: time)
    ring.pointee.lastTime = time
    ring.pointee.ring.inFlight &-= 1
    ring.pointee.ring.counts.cqes &+= 1
    ring.pointee.ring.counts.completed &+= 1
    if result > 0 {
      switch traits.direction(opcode) {
      case .none: break
      case .read: ring.pointee.ring.counts.bytesRead &+= UInt64(result)
      case .write: ring.pointee.ring.counts.bytesWritten &+= UInt64(result)
      }
    }

    slot.pointee.isLatencyRecorded = true
    slot.pointee.take(
      result: result, flags: record.pointee.cflags, tid: header.pointee.tid)
    slot.pointee.request.stepStorage[unchecked: 1] = Step(
      time: time, tid: header.pointee.tid, kind: .completed)
    slot.pointee.request.stepCount = 2
    slot.pointee.request.lastTime = time
    slot.pointee.request.state = .completed
    let id = slot.pointee.request.id
    links.remove(place)
    if let oldest = history.append(place) { evict(oldest) }

    events.append(
      Event(
        time: time, request: id, userData: record.pointee.user_data, value: Int64(result),
        ring: ring.pointee.ring.id, tid: header.pointee.tid, flags: record.pointee.cflags,
        kind: .complete, opcode: opcode))
    lastRecordWasSound = true
    lastEventIsLogged = true
    return true
  }
}
