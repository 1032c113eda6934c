import CRecord

/// What an entry of ``Aggregator/addresses`` stands for.
enum EntryMark {
  static let request: UInt32 = 0
  static let notification: UInt32 = 1
  /// A request that has ended; not set at every end.
  static let ended: UInt32 = 2
}

/// Beginning, finding and ending requests.
extension Aggregator {
  // MARK: Finding

  /// Whether the request that an entry points to is still in flight at that address.
  ///
  /// A zero-copy send leaves its own `io_kiocb` with its result and lives on in its notification's.
  @inline(__always)
  func isLive(_ entry: AddressTable.Entry) -> Bool {
    guard entry.index != noIndex else { return false }
    let state = slots[entry.index].request.state.rawValue
    if entry.mark == EntryMark.request {
      return state < Request.State.awaitingNotification.rawValue
        && slots[entry.index].request.address == entry.address
    } else {
      return state < Request.State.completed.rawValue
        && slots[entry.index].notification == entry.address && entry.mark != EntryMark.ended
    }
  }

  /// The request that is or was last at `address`. It may have ended, but was not followed by
  /// another one there.
  func latestSlot(at address: UInt64) -> UInt32? {
    guard address != 0, let position = addresses.find(address) else { return nil }
    let entry = addresses[position]
    guard entry.index != noIndex, entry.mark != EntryMark.notification,
      slots[entry.index].request.address == address
    else { return nil }
    return entry.index
  }

  /// Whether a record about the address of a request can be about that request. If not, the
  /// request's end and the beginning of the next one at its address were lost.
  @inline(__always)
  func isPlausible(_ header: record, for slot: UInt32, ring: UInt32) -> Bool {
    slots[slot].ring == ring
      && (header.opcode == UInt8(RECORD_OPCODE_NONE)
        || header.opcode == slots[slot].request.opcode.rawValue
        || slots[slot].request.preparationError != 0)
  }

  /// The request in flight that a record between submission and completion is about. It is made if
  /// it is not known: such a record proves that it is in flight.
  @inline(__always)
  mutating func slotInFlight(_ header: record, ring: UInt32) -> UInt32? {
    if let position = addresses.find(header.req) {
      let entry = addresses[position]
      if isLive(entry) {
        if entry.mark == EntryMark.notification { return nil }
        if isPlausible(header, for: entry.index, ring: ring) { return entry.index }
        endUnseen(entry.index, time: header.time_ns, tid: header.tid)
      } else if entry.index != noIndex, slots[entry.index].request.address == header.req,
        slots[entry.index].request.lastTime > lossTime || lossTime == 0
      {
        // Of another CPU, and late: the request has completed meanwhile.
        return nil
      }
    }
    return beginUnknown(header, ring: ring)
  }

  /// Records were lost since the request was last heard of.
  @inline(__always)
  func isSuspect(_ slot: UInt32) -> Bool {
    slots[slot].request.lastTime <= lossTime
  }

  // MARK: Beginning

  /// A new request at `header.req`, with what every request has. Whatever was thought in flight there
  /// has ended unseen: the kernel reuses the memory only then.
  @inline(__always)
  mutating func begin(_ header: record, ring: UInt32) -> UInt32 {
    let position = claim(header.req, time: header.time_ns, tid: header.tid)
    let slot = slots.take(RequestSlot())
    links.cover(slot)
    addresses[position].index = slot
    addresses[position].mark = EntryMark.request
    links.append(slot, ring: ring)
    lastRequestID &+= 1
    slots[slot].begin(header, ring: ring, ringID: rings[ring].ring.id, id: lastRequestID)
    rings[ring].ring.inFlight &+= 1
    if rings[ring].ring.isClosed { reopen(ring) }
    return slot
  }

  /// A request whose submission was not seen.
  @inline(never)
  mutating func beginUnknown(_ header: record, ring: UInt32) -> UInt32 {
    let slot = begin(header, ring: ring)
    slots[slot].request.isStartKnown = false
    slots[slot].request.isSQEKnown = false
    slots[slot].request.isSubmittedBySQThread = false
    slots[slot].request.sqe = SQE()
    slots[slot].request.userData = 0
    slots[slot].request.flags = 0
    slots[slot].request.submitterTid = 0
    slots[slot].request.submitterTgid = 0
    return slot
  }

  /// The entry for an address that is in use anew. Nothing is thought in flight there any more.
  @inline(__always)
  private mutating func claim(_ address: UInt64, time: UInt64, tid: UInt32) -> Int {
    if addresses.isCrowded { removeDeadAddresses() }
    let position = addresses.insert(address)
    if isLive(addresses[position]) {
      endUnseen(addresses[position].index, time: time, tid: tid)
    }
    return position
  }

  /// Lets the notification's `io_kiocb` stand for the request too.
  @inline(never)
  mutating func addNotification(_ address: UInt64, to slot: UInt32, time: UInt64, tid: UInt32) {
    guard address != slots[slot].request.address else { return }
    let position = claim(address, time: time, tid: tid)
    addresses[position].index = slot
    addresses[position].mark = EntryMark.notification
    slots[slot].notification = address
  }

  @inline(never)
  mutating func removeDeadAddresses() {
    forgottenTime = clock.now
    addresses.removeDead(slots) { entry, slots in
      !slots[entry.index].request.state.isFinal
        && entry.address
          == (entry.mark == EntryMark.request
            ? slots[entry.index].request.address : slots[entry.index].notification)
    }
  }

  // MARK: Ending

  /// The request's last step. After this it is in the history.
  @inline(__always)
  mutating func end(
    _ slot: UInt32, as state: Request.State, step: Step.Kind, time: UInt64, tid: UInt32
  ) {
    let ring = slots[slot].ring
    slots[slot].addStep(step, time: time, tid: tid)
    slots[slot].request.state = state
    // Without a result it is 0.
    let result = slots[slot].request.result
    if traits.isError(result, of: slots[slot].request.opcode) { countError(result, ring: ring) }
    rings[ring].ring.inFlight &-= 1
    links.remove(slot)
    if let position = addresses.find(slots[slot].request.address),
      addresses[position].index == slot
    {
      addresses[position].mark = EntryMark.ended
    }
    if slots[slot].isIndexed { userData.remove(slot, slots) }
    if slots[slot].isInGroup { leaveGroups(slot, time: time, tid: tid) }
    if links[slot].chain != noIndex { releaseNext(after: slot, time: time) }
    evict(history.append(slot))
  }

  /// Ends a request whose end no event told.
  @inline(never)
  mutating func endUnseen(_ slot: UInt32, time: UInt64, tid: UInt32) {
    slots[slot].request.isEndDerived = true
    // A success without CQE is what was asked for, unless the CQE may simply have been lost.
    let mayBeSilent =
      slots[slot].isSilent
      || slots[slot].request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0
    let ring = slots[slot].ring
    if mayBeSilent, !isSuspect(slot), slots[slot].request.state != .awaitingNotification {
      rings[ring].ring.counts.skipped &+= 1
      end(slot, as: .skipped, step: .skipped, time: time, tid: tid)
    } else {
      rings[ring].ring.counts.endedUnseen &+= 1
      end(slot, as: .ended, step: .ended, time: time, tid: tid)
    }
  }

  @inline(never)
  mutating func countError(_ result: Int32, ring: UInt32) {
    rings[ring].ring.counts.errors &+= 1
    rings[ring].ring.count(errno: result == .min ? 0 : -result)
  }

  @inline(__always)
  mutating func evict(_ slot: UInt32) {
    guard slot != noIndex else { return }
    if links[slot].chain == noIndex { free(slot) } else { evictMember(slot) }
  }

  @inline(never)
  private mutating func evictMember(_ slot: UInt32) {
    slots[slot].isEvicted = true
    chains[links[slot].chain].evictedCount &+= 1
    forgetChainIfEvicted(links[slot].chain)
  }

  @inline(__always)
  mutating func free(_ slot: UInt32) {
    links[slot].chain = noIndex
    // No record can be about it any more.
    slots[slot].request.address = 0
    slots.give(back: slot)
  }

  /// Calls `body` for the requests in flight of one ring, oldest first. `body` may end them.
  mutating func forEachInFlight(
    of ring: UInt32, _ body: (inout Self, UInt32) -> Bool
  ) {
    var remaining = rings[ring].ring.inFlight
    var slot = links.first
    while slot != noIndex, remaining > 0 {
      let next = links[slot].next
      if links[slot].ring == ring {
        remaining -= 1
        if !body(&self, slot) { return }
      }
      slot = next
    }
  }
}
