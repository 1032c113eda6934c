import CRecord
import UringRecords

/// Handlers of records about CQEs, and about requests that end without a CQE.
extension Aggregator {
  private struct Posted {
    var userData: UInt64
    var result: Int32
    var flags: CQEFlags
    var moment: Moment
  }

  @inline(__always)
  mutating func complete(_ record: UnsafePointer<record_complete>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    rings[ring].ring.counts.cqes &+= 1
    // Deferred: `event.opcode` is the request's opcode only after the request has been found.
    defer { roles.count(ring, event.opcode) { $0.counts.cqes &+= 1 } }
    event.userData = record.pointee.user_data
    event.value = Int64(record.pointee.res)
    event.flags = record.pointee.cflags
    let cqe = Posted(
      userData: record.pointee.user_data, result: record.pointee.res,
      flags: CQEFlags(rawValue: record.pointee.cflags),
      moment: Moment(time: header.time_ns, tid: header.tid))

    if let unseen = record.unseen { return completeUnseen(unseen, ring, &event) }
    switch requests.occupant(of: header.req) {
    case .none:
      if header.req != 0, !cqe.flags.contains(.more) {
        requests.noteStranger(at: header.req, now: clock.now)
      }
      completeUnnamed(cqe, hasRequest: header.req != 0, ring, &event)
    case .ended(let slot, let isRequest):
      completeEnded(header, cqe, isRequest ? slot : nil, ring, &event)
    case .notification(let slot):
      guard requests[slot].ring == ring else {
        rings[ring].ring.counts.unmatched &+= 1
        return
      }
      event.name(requests[slot])
      notify(slot, cqe, overflowed: false, &event)
    case .request(let slot): complete(slot, header, cqe, ring, &event)
    }
  }

  /// Handles a CQE that names a request in flight.
  @inline(__always)
  private mutating func complete(
    _ slot: Handle<RequestSlot>, _ header: record, _ cqe: Posted, _ ring: Handle<RingState>,
    _ event: inout Event
  ) {
    guard requests.isPlausible(header, for: slot, ring: ring),
      // POLL_REMOVE can change a request's `user_data`. But if records were lost since the
      // request's last record, a different `user_data` shows that the CQE is another request's.
      requests[slot].request.userData == cqe.userData || !requests.isSuspect(slot)
        || !requests[slot].request.isStartKnown
    else {
      endUnseen(slot, cqe.moment, &event)
      countUnmatched(cqe, hasRequest: true, of: Opcode(rawValue: header.opcode), ring)
      return
    }
    if requests[slot].request.userData != cqe.userData || !requests[slot].request.isUserDataKnown {
      requests.change(userDataOf: slot, to: cqe.userData)
    }
    event.name(requests[slot])
    if cqe.flags.contains(.more) {
      post(slot, cqe, step: .posted, &event)
    } else {
      take(cqe, slot)
      rings[ring].ring.counts.completed &+= 1
      roles.count(ring, requests[slot].request.opcode) { $0.counts.completed &+= 1 }
      end(slot, as: .completed, step: .completed, cqe.moment, &event)
    }
  }

  /// Handles a CQE whose record names either no request or a request that was never seen.
  @inline(never)
  private mutating func completeUnnamed(
    _ cqe: Posted, hasRequest: Bool, _ ring: Handle<RingState>, _ event: inout Event
  ) {
    if let slot = find(cqe, ring) {
      event.name(requests[slot])
      if cqe.flags.contains(.notification) {
        notify(slot, cqe, overflowed: false, &event)
      } else {
        post(slot, cqe, step: .posted, &event)
      }
    } else if hasRequest || cqe.flags.contains(.more) && !knowsAllRequests(of: ring) {
      countUnmatched(cqe, hasRequest: hasRequest, of: event.opcode, ring)
    } else {
      rings[ring].ring.counts.auxiliary &+= 1
    }
  }

  /// True if every request of the ring is known. A CQE that matches none of these requests was then
  /// posted without a request, for example by MSG_RING. The CQE's flags are no evidence: MSG_RING
  /// with IORING_MSG_RING_FLAGS_PASS can set any flags.
  private func knowsAllRequests(of ring: Handle<RingState>) -> Bool {
    !rings[ring].ring.isFound && requests.lossTime == 0
  }

  /// Counts a CQE of a request that was never seen. If the CQE is the request's last, also counts
  /// the request's end.
  private mutating func countUnmatched(
    _ cqe: Posted, hasRequest: Bool, of opcode: Opcode, _ ring: Handle<RingState>
  ) {
    rings[ring].ring.counts.unmatched &+= 1
    guard hasRequest, !cqe.flags.contains(.more) else { return }
    countFound(on: ring)
    rings.noteStranger(on: ring, endedAt: cqe.moment.time)
    rings[ring].ring.counts.completed &+= 1
    roles.count(ring, opcode) { $0.counts.completed &+= 1 }
    countUnmeasured(opcode, ring)
  }

  /// Finds the request of a CQE whose record names no request: a multishot request that continues,
  /// or a zero-copy send whose notification's address is unknown.
  private mutating func find(_ cqe: Posted, _ ring: Handle<RingState>) -> Handle<RequestSlot>? {
    let isNotification = cqe.flags.contains(.notification)
    guard isNotification || cqe.flags.contains(.more) else { return nil }
    let found =
      requests.find(ring: ring, userData: cqe.userData) { slot in
        isNotification
          ? slot.request.state == .awaitingNotification
          : slot.isMultishot && slot.request.state != .awaitingNotification
      } ?? (isNotification ? nil : findCommand(cqe, ring))
    guard let found else { return nil }
    if found.isAmbiguous { rings[ring].ring.counts.ambiguous &+= 1 }
    return found.slot
  }

  /// Finds a driver command (URING_CMD) that posts several CQEs although no flag in its SQE marks
  /// it as multishot. SOCKET_URING_OP_TX_TIMESTAMP is such a command.
  @inline(never)
  private mutating func findCommand(
    _ cqe: Posted, _ ring: Handle<RingState>
  ) -> (slot: Handle<RequestSlot>, isAmbiguous: Bool)? {
    indexAll(of: ring)
    let found = requests.find(ring: ring, userData: cqe.userData) {
      $0.request.opcode.isDriverCommand
    }
    if let found { requests[found.slot].isMultishot = true }
    return found
  }

  /// Adds all requests in flight of the ring to the `user_data` index. Called when a CQE arrives
  /// that any of them could have posted.
  private mutating func indexAll(of ring: Handle<RingState>) {
    guard !rings[ring].isIndexed else { return }
    rings[ring].isIndexed = true
    requests.indexAll(of: ring, count: rings[ring].ring.inFlight)
  }

  /// Handles a CQE whose record contains the address of a request that is already marked as ended.
  @inline(never)
  private mutating func completeEnded(
    _ header: record, _ cqe: Posted, _ ended: Handle<RequestSlot>?, _ ring: Handle<RingState>,
    _ event: inout Event
  ) {
    // The request's end was inferred too early, for example while a closed ring was still being
    // torn down. This CQE is the request's actual end.
    if ended != nil, let slot = requests.latest(at: header.req),
      requests[slot].request.state == .ended, requests[slot].request.isEndDerived,
      requests[slot].request.ring == rings[ring].ring.id, !cqe.flags.contains(.more),
      requests.isPlausible(header, for: slot, ring: ring),
      requests[slot].request.userData == cqe.userData
    {
      event.name(requests[slot])
      take(cqe, slot)
      requests[slot].request.state = .completed
      requests[slot].request.isEndDerived = false
      requests.addStep(.completed, to: slot, time: cqe.moment.time, tid: cqe.moment.tid)
      rings[ring].ring.counts.endedUnseen &-= 1
      rings[ring].ring.counts.completed &+= 1
      let opcode = requests[slot].request.opcode
      roles.count(ring, opcode) { $0.counts.completed &+= 1 }
      if traits.isError(cqe.result, of: opcode) { count(error: cqe.result, of: opcode, ring) }
    } else {
      completeUnnamed(cqe, hasRequest: true, ring, &event)
    }
  }

  /// Records the CQE's result and flags, and counts its bytes. For the request's first CQE, also
  /// records the latency.
  @inline(__always)
  private mutating func take(_ cqe: Posted, _ slot: Handle<RequestSlot>) {
    requests[slot].take(result: cqe.result, flags: cqe.flags.rawValue, tid: cqe.moment.tid)
    let latency = statistics.record(
      requests.slots.mutablePointer(to: slot), of: requests, until: cqe.moment.time)
    countLatency(latency, of: slot, at: cqe.moment.time)
    countBytes(slot, cqe.result)
  }

  @inline(__always)
  private mutating func countBytes(_ slot: Handle<RequestSlot>, _ result: Int32) {
    guard result > 0 else { return }
    count(bytes: UInt64(result), of: requests[slot].request.opcode, requests[slot].ring)
  }

  /// Handles a CQE after which the request continues.
  private mutating func post(
    _ slot: Handle<RequestSlot>, _ cqe: Posted, step: Step.Kind, _ event: inout Event
  ) {
    take(cqe, slot)
    if requests[slot].isLending {
      lending.posted(&requests[slot], cqe.result, cqe.flags, time: cqe.moment.time, &event)
    }
    requests.addStep(step, to: slot, time: cqe.moment.time, tid: cqe.moment.tid)
    if requests[slot].request.opcode.isZeroCopySend {
      requests[slot].request.state = .awaitingNotification
      if requests[slot].notification == 0 { requests.addToIndex(slot) }
    } else if requests.pollEvents(of: slot) != 0 {
      // The poll of a multishot request stays armed after a CQE.
      requests[slot].request.state = .pollArmed
    }
  }

  /// `IORING_NOTIF_USAGE_ZC_COPIED`, a bit of a notification's `res`: the kernel copied the data.
  /// The kernel sets this bit only for sends with IORING_SEND_ZC_REPORT_USAGE.
  private static var zeroCopyCopied: Int32 { .min }

  /// Handles the notification CQE of a zero-copy send: the network stack has released the send's
  /// memory. The CQE's `res` contains usage flags, not the send's result.
  private mutating func notify(
    _ slot: Handle<RequestSlot>, _ cqe: Posted, overflowed: Bool, _ event: inout Event
  ) {
    requests[slot].request.cqeCount &+= 1
    requests[slot].request.completerTid = cqe.moment.tid
    if overflowed {
      rings[requests[slot].ring].ring.counts.overflowed &+= 1
      end(slot, as: .overflowed, step: .overflowed, cqe.moment, &event)
    } else {
      rings[requests[slot].ring].ring.counts.completed &+= 1
      roles.count(requests[slot].ring, requests[slot].request.opcode) {
        $0.counts.completed &+= 1
      }
      let isCopy = cqe.result & Self.zeroCopyCopied != 0
      end(
        slot, as: .completed, step: isCopy ? .notifiedOfCopy : .notified, cqe.moment, &event)
    }
  }

  // MARK: Overflow

  mutating func cqeOverflow(_ record: UnsafePointer<record_cqe_overflow>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    rings[ring].ring.counts.overflows &+= 1
    let isDropped = record.pointee.dropped != 0
    if isDropped {
      rings[ring].ring.counts.dropped &+= 1
    } else {
      rings[ring].ring.counts.cqes &+= 1
    }
    defer {
      roles.count(ring, event.opcode) { pending in
        pending.counts.overflows &+= 1
        if isDropped { pending.counts.dropped &+= 1 } else { pending.counts.cqes &+= 1 }
      }
    }
    event.userData = record.pointee.user_data
    event.value = Int64(record.pointee.res)
    event.flags = record.pointee.cflags
    let cqe = Posted(
      userData: record.pointee.user_data, result: record.pointee.res,
      flags: CQEFlags(rawValue: record.pointee.cflags),
      moment: Moment(time: header.time_ns, tid: header.tid))

    guard let slot = overflowed(header, cqe, ring) else {
      if !cqe.flags.contains(.more) {
        requests.noteStranger(ring: ring, userData: cqe.userData, time: header.time_ns)
      }
      if header.req != 0, !cqe.flags.contains(.more) {
        countFound(on: ring)
        rings.noteStranger(on: ring, endedAt: header.time_ns)
        rings[ring].ring.counts.overflowed &+= 1
      }
      if header.req == 0, knowsAllRequests(of: ring) {
        rings[ring].ring.counts.auxiliary &+= 1
      } else {
        rings[ring].ring.counts.unmatched &+= 1
      }
      return
    }
    event.name(requests[slot])
    if requests[slot].request.state == .awaitingNotification {
      notify(slot, cqe, overflowed: true, &event)
    } else if cqe.flags.contains(.more) {
      post(slot, cqe, step: .overflowed, &event)
    } else {
      take(cqe, slot)
      rings[ring].ring.counts.overflowed &+= 1
      end(slot, as: .overflowed, step: .overflowed, cqe.moment, &event)
    }
  }

  private mutating func overflowed(
    _ header: record, _ cqe: Posted, _ ring: Handle<RingState>
  ) -> Handle<RequestSlot>? {
    if let (slot, _) = requests.user(of: header.req) { return slot }
    indexAll(of: ring)
    func isPossible(_ slot: borrowing RequestSlot) -> Bool {
      let isAwaiting = slot.request.state == .awaitingNotification
      if cqe.flags.contains(.notification) { return isAwaiting }
      if isAwaiting { return false }
      if slot.request.cannotHave(result: cqe.result) { return false }
      if !cqe.flags.contains(.more) { return true }
      if slot.isMultishot { return true }
      return slot.request.opcode.isZeroCopySend
    }
    var found = requests.find(ring: ring, userData: cqe.userData) { isPossible($0) }
    if found?.isAmbiguous == true, cqe.result < 0, walks.admitsRecord() {
      // Prefers a request whose opcode normally ends with this error: -ETIME is the result of a
      // timeout, not of a read with the same `user_data`.
      var looked = 0
      let normal = requests.find(ring: ring, userData: cqe.userData) { slot in
        looked += 1
        guard slot.request.opcode.properties.normalErrors.contains(cqe.result) else { return false }
        return isPossible(slot)
      }
      walks.pay(passed: requests.count, looked: looked)
      found = normal ?? found
    }
    guard let found else {
      // From 7.3 on, a notification can have its own `user_data` (`addr3` of the SQE).
      return cqe.flags.contains(.notification)
        ? awaiting(notificationData: cqe.userData, ring) : nil
    }
    if found.isAmbiguous { rings[ring].ring.counts.ambiguous &+= 1 }
    return found.slot
  }

  private mutating func awaiting(
    notificationData: UInt64, _ ring: Handle<RingState>
  ) -> Handle<RequestSlot>? {
    guard walks.admitsRecord() else { return nil }
    var found: Handle<RequestSlot>?
    let looked = requests.forEachInFlight(of: ring) { handle, slot in
      guard slot.request.state == .awaitingNotification,
        slot.request.sqe.addr3 == notificationData
      else { return true }
      found = handle
      return false
    }
    walks.pay(passed: requests.count, looked: looked)
    return found
  }

  // MARK: Without CQE

  mutating func skip(_ record: UnsafePointer<record_skip>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    event.value = Int64(record.pointee.res)
    // If an io-wq worker posted the request's CQE, a `skip` record follows long after the CQE. The
    // request is then no longer in flight.
    guard let slot = requests.inFlight(at: header.req) else { return }
    let moment = Moment(time: header.time_ns, tid: header.tid)
    guard requests.isPlausible(header, for: slot, ring: ring) else {
      endUnseen(slot, moment, &event)
      return
    }
    event.name(requests[slot])
    requests[slot].request.result = record.pointee.res
    requests[slot].request.hasResult = true
    requests[slot].request.completerTid = header.tid
    let latency = statistics.record(
      requests.slots.mutablePointer(to: slot), of: requests, until: header.time_ns)
    countLatency(latency, of: slot, at: header.time_ns)
    countBytes(slot, record.pointee.res)
    rings[ring].ring.counts.skipped &+= 1
    roles.count(ring, requests[slot].request.opcode) { $0.counts.skipped &+= 1 }
    end(slot, as: .skipped, step: .skipped, moment, &event)
  }

  mutating func freed(_ record: UnsafePointer<record_freed>, _ event: inout Event) {
    let header = record.pointee.base
    // `time_ns` is the start of the walk over the kernel's free lists. A record about the request
    // after that time is newer than the walk's result, which is then ignored.
    guard let (slot, _) = requests.user(of: header.req),
      requests[slot].request.lastTime <= header.time_ns
    else { return }
    event.ring = requests[slot].request.ring
    event.name(requests[slot])
    endUnseen(slot, Moment(time: header.time_ns, tid: header.tid), &event)
  }
}

extension Request.Core {
  /// True if a CQE with this result must be another request's, because the result is more bytes
  /// than this request's SQE asks for.
  fileprivate func cannotHave(result: Int32) -> Bool {
    guard result > 0, isSQEKnown else { return false }
    let properties = opcode.properties
    guard properties.direction != .none, properties.length == .bytes else { return false }
    return UInt32(result) > sqe.len && sqe.len != 0
  }
}
