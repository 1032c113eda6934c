import CRecord
import UringRecords

/// Records of CQEs and of ends without one.
extension Aggregator {
  /// What a CQE brings.
  private struct Posted {
    var result: Int32
    var flags: CQEFlags
    var time: UInt64
    var tid: UInt32
  }

  @inline(__always)
  mutating func complete(_ record: UnsafePointer<record_complete>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    rings[ring].ring.counts.cqes &+= 1
    events.current.userData = record.pointee.user_data
    events.current.value = Int64(record.pointee.res)
    events.current.flags = record.pointee.cflags
    let cqe = Posted(
      result: record.pointee.res, flags: CQEFlags(rawValue: record.pointee.cflags),
      time: header.time_ns, tid: header.tid)

    if let unseen = record.unseen { return completeUnseen(unseen, ring) }
    guard let position = header.req == 0 ? nil : addresses.find(header.req) else {
      if header.req != 0, !cqe.flags.contains(.more) { noteStranger(header.req) }
      completeUnnamed(cqe, userData: record.pointee.user_data, hasRequest: header.req != 0, ring)
      return
    }
    let entry = addresses[position]
    guard isLive(entry) else {
      completeEnded(header, cqe, userData: record.pointee.user_data, entry, ring)
      return
    }
    let slot = entry.index
    if entry.mark == EntryMark.notification {
      guard slots[slot].ring == ring else {
        rings[ring].ring.counts.unmatched &+= 1
        return
      }
      name(slot)
      notify(slot, cqe, overflowed: false)
      return
    }
    guard isPlausible(header, for: slot, ring: ring),
      // POLL_REMOVE can change it; after a loss it is another request's.
      slots[slot].request.userData == record.pointee.user_data || !isSuspect(slot)
        || !slots[slot].request.isStartKnown
    else {
      endUnseen(slot, time: header.time_ns, tid: header.tid)
      countUnmatched(cqe, hasRequest: true, ring)
      return
    }
    if slots[slot].request.userData != record.pointee.user_data {
      change(userDataOf: slot, to: record.pointee.user_data)
    }
    name(slot)
    if cqe.flags.contains(.more) {
      post(slot, cqe, step: .posted)
    } else {
      take(cqe, slot)
      rings[ring].ring.counts.completed &+= 1
      end(slot, as: .completed, step: .completed, time: cqe.time, tid: cqe.tid)
    }
  }

  /// A CQE without a request, or with one that nobody knows.
  @inline(never)
  private mutating func completeUnnamed(
    _ cqe: Posted, userData: UInt64, hasRequest: Bool, _ ring: UInt32
  ) {
    if let slot = find(cqe, userData: userData, ring) {
      name(slot)
      if cqe.flags.contains(.notification) {
        notify(slot, cqe, overflowed: false)
      } else {
        post(slot, cqe, step: .posted)
      }
    } else if hasRequest || cqe.flags.contains(.more) {
      countUnmatched(cqe, hasRequest: hasRequest, ring)
    } else {
      rings[ring].ring.counts.auxiliary &+= 1
    }
  }

  /// A CQE of a request that nobody knows. It may end the request all the same.
  private mutating func countUnmatched(_ cqe: Posted, hasRequest: Bool, _ ring: UInt32) {
    rings[ring].ring.counts.unmatched &+= 1
    guard hasRequest, !cqe.flags.contains(.more) else { return }
    rings[ring].ring.counts.completed &+= 1
    rings[ring].ring.counts.unmeasured &+= 1
  }

  /// The request that a CQE without one belongs to: a multishot that goes on, or a zero-copy send
  /// whose notification's address is not known.
  private mutating func find(_ cqe: Posted, userData: UInt64, _ ring: UInt32) -> UInt32? {
    let isNotification = cqe.flags.contains(.notification)
    guard isNotification || cqe.flags.contains(.more) else { return nil }
    let found = self.userData.find(ring: ring, userData: userData, slots) { slot in
      isNotification
        ? slot.request.state == .awaitingNotification
        : slot.isMultishot && slot.request.state != .awaitingNotification
    }
    guard let found else { return nil }
    if found.isAmbiguous { rings[ring].ring.counts.ambiguous &+= 1 }
    return found.slot
  }

  /// A CQE of a request that is thought to have ended.
  @inline(never)
  private mutating func completeEnded(
    _ header: record, _ cqe: Posted, userData: UInt64, _ entry: AddressTable.Entry, _ ring: UInt32
  ) {
    let slot = entry.index
    // Its end was derived too early, such as a ring's that still winds up: this is the real one.
    if slot != noIndex, entry.mark != EntryMark.notification,
      slots[slot].request.address == header.req, slots[slot].request.state == .ended,
      slots[slot].request.isEndDerived, slots[slot].request.ring == rings[ring].ring.id,
      !cqe.flags.contains(.more),
      isPlausible(header, for: slot, ring: ring), slots[slot].request.userData == userData
    {
      name(slot)
      take(cqe, slot)
      slots[slot].request.state = .completed
      slots[slot].request.isEndDerived = false
      slots[slot].addStep(.completed, time: cqe.time, tid: cqe.tid)
      rings[ring].ring.counts.endedUnseen &-= 1
      rings[ring].ring.counts.completed &+= 1
      if traits.isError(cqe.result, of: slots[slot].request.opcode) {
        countError(cqe.result, ring: ring)
      }
    } else {
      completeUnnamed(cqe, userData: userData, hasRequest: true, ring)
    }
  }

  /// Notes result and flags, bytes, and with the first CQE the latency.
  @inline(__always)
  private mutating func take(_ cqe: Posted, _ slot: UInt32) {
    slots[slot].take(result: cqe.result, flags: cqe.flags.rawValue, tid: cqe.tid)
    measure(slot, until: cqe.time)
    countBytes(slot, cqe.result)
  }

  @inline(__always)
  private mutating func countBytes(_ slot: UInt32, _ result: Int32) {
    guard result > 0 else { return }
    let ring = slots[slot].ring
    switch traits.direction(slots[slot].request.opcode) {
    case .none: break
    case .read: rings[ring].ring.counts.bytesRead &+= UInt64(result)
    case .write: rings[ring].ring.counts.bytesWritten &+= UInt64(result)
    }
  }

  /// Latency is from submission to the first CQE: the lifetime of a multishot is none, and what
  /// follows a zero-copy send's result is the network stack's.
  @inline(__always)
  private mutating func measure(_ slot: UInt32, until time: UInt64) {
    guard !slots[slot].isLatencyRecorded, slots[slot].request.isStartKnown,
      slots[slot].request.preparationError == 0
    else { return }
    slots[slot].isLatencyRecorded = true
    slots[slot].isPlain = false
    let ring = slots[slot].ring
    let opcode = slots[slot].request.opcode
    let index = statisticsPlace(ring, opcode)
    statistics[index].histogram.record(time.since(slots[slot].request.startTime))
    if slots[slot].request.stepCount <= 1 {
      statistics[index].addIssued(time.since(slots[slot].request.startTime))
    } else {
      statistics[index].addStages(
        of: slots.pointer(to: slot), steps: slots[slot].request.stepCount, until: time)
    }
  }

  /// Where the statistics of an opcode on a ring are.
  @inline(__always)
  mutating func statisticsPlace(_ ring: UInt32, _ opcode: Opcode) -> UInt32 {
    let place = rings[ring].statistics[unchecked: Int(opcode.rawValue)]
    return place == noIndex ? addStatistics(ring, opcode) : place
  }

  @inline(never)
  private mutating func addStatistics(_ ring: UInt32, _ opcode: Opcode) -> UInt32 {
    let index = statistics.take(OpcodeStatistics(opcode: opcode))
    statistics[index] = OpcodeStatistics(opcode: opcode)
    rings[ring].statistics[Int(opcode.rawValue)] = index
    return index
  }

  /// A CQE after which the request lives on.
  private mutating func post(_ slot: UInt32, _ cqe: Posted, step: Step.Kind) {
    take(cqe, slot)
    if slots[slot].isInGroup { noteResult(slot, cqe.result, cqe.flags, time: cqe.time) }
    slots[slot].addStep(step, time: cqe.time, tid: cqe.tid)
    if slots[slot].request.opcode.properties.isZeroCopySend {
      slots[slot].request.state = .awaitingNotification
      if slots[slot].notification == 0 { userData.insert(slot, slots) }
    } else if slots[slot].request.pollEvents != 0 {
      // The multishot's poll stays armed.
      slots[slot].request.state = .pollArmed
    }
  }

  /// `IORING_NOTIF_USAGE_ZC_COPIED`, told to those who ask with IORING_SEND_ZC_REPORT_USAGE.
  private static var zeroCopyCopied: Int32 { .min }

  /// The network stack let go of the buffer. Its CQE has no result of the request, only usage flags.
  private mutating func notify(_ slot: UInt32, _ cqe: Posted, overflowed: Bool) {
    slots[slot].request.cqeCount &+= 1
    slots[slot].request.completerTid = cqe.tid
    if overflowed {
      end(slot, as: .overflowed, step: .overflowed, time: cqe.time, tid: cqe.tid)
    } else {
      rings[slots[slot].ring].ring.counts.completed &+= 1
      let isCopy = cqe.result & Self.zeroCopyCopied != 0
      end(
        slot, as: .completed, step: isCopy ? .notifiedOfCopy : .notified, time: cqe.time,
        tid: cqe.tid)
    }
  }

  @inline(never)
  private mutating func change(userDataOf slot: UInt32, to userData: UInt64) {
    let wasIndexed = slots[slot].isIndexed
    self.userData.remove(slot, slots)
    slots[slot].request.userData = userData
    if wasIndexed { self.userData.insert(slot, slots) }
  }

  // MARK: Overflow

  mutating func cqeOverflow(_ record: UnsafePointer<record_cqe_overflow>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    rings[ring].ring.counts.overflows &+= 1
    if record.pointee.dropped != 0 {
      rings[ring].ring.counts.dropped &+= 1
    } else {
      rings[ring].ring.counts.cqes &+= 1
    }
    events.current.userData = record.pointee.user_data
    events.current.value = Int64(record.pointee.res)
    events.current.flags = record.pointee.cflags
    let cqe = Posted(
      result: record.pointee.res, flags: CQEFlags(rawValue: record.pointee.cflags),
      time: header.time_ns, tid: header.tid)

    guard let slot = overflowed(header, cqe, userData: record.pointee.user_data, ring) else {
      if !cqe.flags.contains(.more) {
        strangeEnds.note(ring: ring, userData: record.pointee.user_data, time: header.time_ns)
      }
      rings[ring].ring.counts.unmatched &+= 1
      return
    }
    name(slot)
    if slots[slot].request.state == .awaitingNotification {
      notify(slot, cqe, overflowed: true)
    } else if cqe.flags.contains(.more) {
      post(slot, cqe, step: .overflowed)
    } else {
      take(cqe, slot)
      end(slot, as: .overflowed, step: .overflowed, time: cqe.time, tid: cqe.tid)
    }
  }

  private mutating func overflowed(
    _ header: record, _ cqe: Posted, userData: UInt64, _ ring: UInt32
  ) -> UInt32? {
    if header.req != 0, let position = addresses.find(header.req), isLive(addresses[position]) {
      return addresses[position].index
    }
    indexAll(of: ring)
    let found = self.userData.find(ring: ring, userData: userData, slots) { slot in
      let isAwaiting = slot.request.state == .awaitingNotification
      if cqe.flags.contains(.notification) { return isAwaiting }
      if isAwaiting || slot.request.cannotHave(result: cqe.result) { return false }
      return !cqe.flags.contains(.more)
        || slot.isMultishot || slot.request.opcode.properties.isZeroCopySend
    }
    guard let found else {
      // From 7.3 a notification can have a user_data of its own.
      return cqe.flags.contains(.notification) ? awaiting(notificationData: userData, ring) : nil
    }
    if found.isAmbiguous { rings[ring].ring.counts.ambiguous &+= 1 }
    return found.slot
  }

  private mutating func awaiting(notificationData: UInt64, _ ring: UInt32) -> UInt32? {
    var found: UInt32?
    forEachInFlight(of: ring) { this, slot in
      guard this.slots[slot].request.state == .awaitingNotification,
        this.slots[slot].request.sqe.addr3 == notificationData
      else { return true }
      found = slot
      return false
    }
    return found
  }

  /// From its first overflow without a request on, a ring's requests are found by `user_data`.
  private mutating func indexAll(of ring: UInt32) {
    guard !rings[ring].isIndexed else { return }
    rings[ring].isIndexed = true
    // Oldest first, also those that were indexed before.
    forEachInFlight(of: ring) { this, slot in
      this.userData.remove(slot, this.slots)
      this.userData.insert(slot, this.slots)
      return true
    }
  }

  // MARK: Without CQE

  mutating func skip(_ record: UnsafePointer<record_skip>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    events.current.value = Int64(record.pointee.res)
    // A request that a worker completed is flushed here too, long after its CQE.
    guard let position = addresses.find(header.req), isLive(addresses[position]),
      addresses[position].mark == EntryMark.request
    else { return }
    let slot = addresses[position].index
    guard isPlausible(header, for: slot, ring: ring) else {
      endUnseen(slot, time: header.time_ns, tid: header.tid)
      return
    }
    name(slot)
    slots[slot].request.result = record.pointee.res
    slots[slot].request.hasResult = true
    slots[slot].request.completerTid = header.tid
    measure(slot, until: header.time_ns)
    countBytes(slot, record.pointee.res)
    rings[ring].ring.counts.skipped &+= 1
    end(slot, as: .skipped, step: .skipped, time: header.time_ns, tid: header.tid)
  }

  mutating func freed(_ record: UnsafePointer<record_freed>) {
    let header = record.pointee.base
    guard let position = addresses.find(header.req), isLive(addresses[position]) else { return }
    let slot = addresses[position].index
    // The kernel's list was read at that time: what was heard since is newer.
    guard slots[slot].request.lastTime <= header.time_ns else { return }
    events.current.ring = slots[slot].request.ring
    name(slot)
    endUnseen(slot, time: header.time_ns, tid: header.tid)
  }
}

extension Request {
  /// Whether a CQE with this result cannot be the request's: more bytes than were asked for.
  fileprivate func cannotHave(result: Int32) -> Bool {
    guard result > 0, isSQEKnown else { return false }
    let properties = opcode.properties
    guard properties.direction != .none, properties.length == .bytes else { return false }
    return UInt32(result) > sqe.len && sqe.len != 0
  }
}
