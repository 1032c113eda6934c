import CRecord

/// The short way of the commonest records: a submission, and a completion that ends its request, about
/// which there is nothing special. They come in millions a second.
///
/// Each of the two looks first, and does all or nothing: whatever it does not take goes the long way,
/// with the same result. Nothing is called in between, so that all values stay in registers.
extension Aggregator {
  /// Takes a submission on the ring of the record before, at an address whose last request has ended.
  @inline(__always)
  mutating func submitPlain(_ record: UnsafePointer<record_submit>, isKept: Bool) -> Bool {
    let header = record.pointee.base
    let ring = lastRingState
    let opcode = Opcode(rawValue: header.opcode)
    guard header.size >= MemoryLayout<record_submit>.size, header.ctx == lastContext,
      header.req != 0, header.time_ns < clock.nextTick,
      record.pointee.notif == 0, record.pointee.sqe_is_known != 0,
      !traits.isSpecial(opcode, record.pointer(to: \.sqe).unsafelyUnwrapped),
      record.pointee.group_role == 0, ring.pointee.openSQEGroup == noIndex,
      !ring.pointee.isIndexed, ring.pointee.ring.closedTime == 0,
      let position = addresses.find(header.req), addresses[position].mark == EntryMark.ended,
      let place = slots.takeFreed()
    else { return false }

    addresses[position] = AddressTable.Entry(
      address: header.req, index: place, mark: EntryMark.request)
    links.append(place, ring: lastRing)
    lastRequestID &+= 1
    let id = lastRequestID
    let ringID = ring.pointee.ring.id
    ring.pointee.lastTime = header.time_ns
    ring.pointee.ring.inFlight &+= 1
    ring.pointee.ring.counts.submitted &+= 1

    let slot = slots.mutablePointer(to: place)
    slot.pointee.begin(header, ring: lastRing, ringID: ringID, id: id, isPlain: true)
    slot.pointee.describe(
      record.pointer(to: \.sqe).unsafelyUnwrapped, isKnown: true, flags: record.pointee.flags,
      tgid: record.pointee.tgid, tid: header.tid, isSQThread: record.pointee.sq_thread != 0)
    slot.pointee.request.stepStorage[unchecked: 0] = Step(
      time: header.time_ns, tid: header.tid, kind: .submitted)
    slot.pointee.request.stepCount = 1

    if isKept {
      events.appendLater(record.header, request: id, ring: ringID)
    } else {
      events.append(Event(record, request: id, ring: ringID))
    }
    if !lastEventIsLogged { noteLoggedEvent() }
    return true
  }

  /// Takes the only CQE, without error, of a request in flight on the ring of the record before.
  ///
  /// Transparent: behind the submission's blocks the optimiser does not put it into the loop just because it
  /// is told to inline it, and the call costs 6 % of a replay.
  @_transparent
  mutating func completePlain(_ record: UnsafePointer<record_complete>, isKept: Bool) -> Bool {
    let header = record.pointee.base
    let result = record.pointee.res
    let flags = record.pointee.cflags
    let userData = record.pointee.user_data
    let ring = lastRingState
    let opcode = Opcode(rawValue: header.opcode)
    guard header.size == MemoryLayout<record_complete>.size, header.ctx == lastContext,
      header.req != 0, header.time_ns < clock.nextTick,
      result >= 0, !CQEFlags(rawValue: flags).contains(.more),
      let position = addresses.find(header.req), addresses[position].mark == EntryMark.request
    else { return false }
    // Not ended, and so the one at this address.
    let place = addresses[position].index
    let slot = slots.mutablePointer(to: place)
    let stepCount = slot.pointee.request.stepCount
    guard slot.pointee.isPlain, stepCount < Request.stepCapacity,
      slot.pointee.ring == lastRing, slot.pointee.request.opcode == opcode,
      slot.pointee.request.userData == userData
    else { return false }
    let statisticsPlace = ring.pointee.statistics[unchecked: Int(header.opcode)]
    guard statisticsPlace != noIndex, header.time_ns >= slot.pointee.request.lastTime else {
      return false
    }
    let statistics = statistics.mutablePointer(to: statisticsPlace)
    let latency = header.time_ns &- slot.pointee.request.startTime
    guard statistics.pointee.histogram.recordCovered(latency) else { return false }
    if stepCount == 1 {
      statistics.pointee.addIssued(latency)
    } else {
      statistics.pointee.addStages(of: slot, steps: stepCount, until: header.time_ns)
    }

    addresses[position].mark = EntryMark.ended
    ring.pointee.lastTime = header.time_ns
    ring.pointee.ring.inFlight &-= 1
    ring.pointee.ring.counts.cqes &+= 1
    ring.pointee.ring.counts.completed &+= 1
    if result > 0 { count(bytes: result, of: opcode, ring) }

    let id = slot.pointee.request.id
    slot.pointee.take(result: result, flags: flags, tid: header.tid)
    slot.pointee.request.stepStorage[unchecked: Int(stepCount)] = Step(
      time: header.time_ns, tid: header.tid, kind: .completed)
    slot.pointee.request.stepCount = stepCount &+ 1
    slot.pointee.request.lastTime = header.time_ns
    slot.pointee.request.state = .completed
    links.remove(place)
    evict(history.append(place))

    if isKept {
      events.appendLater(record.header, request: id, ring: ring.pointee.ring.id)
    } else {
      events.append(Event(record, request: id, ring: ring.pointee.ring.id))
    }
    if !lastEventIsLogged { noteLoggedEvent() }
    return true
  }

  @inline(never)
  private mutating func noteLoggedEvent() {
    lastRecordWasSound = true
    lastEventIsLogged = true
  }

  @inline(__always)
  private func count(bytes: Int32, of opcode: Opcode, _ ring: UnsafeMutablePointer<RingState>) {
    switch traits.direction(opcode) {
    case .none: break
    case .read: ring.pointee.ring.counts.bytesRead &+= UInt64(bytes)
    case .write: ring.pointee.ring.counts.bytesWritten &+= UInt64(bytes)
    }
  }
}
