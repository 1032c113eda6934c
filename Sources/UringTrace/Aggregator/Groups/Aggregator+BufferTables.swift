import CRecord

/// Rings' tables of registered buffers, and provided buffers.
extension Aggregator {
  // MARK: Places

  /// The place for a slot or a bgid, made if there is none.
  mutating func place(_ ring: UInt32, _ kind: Buffer.Kind, _ index: UInt32) -> UInt32 {
    if let place = tables.place(ring: ring, kind: kind, index: index) { return place }
    let place = tables.addPlace(
      ring: ring, id: rings[ring].ring.id, kind: kind, index: index,
      next: rings[ring].firstPlace)
    rings[ring].firstPlace = place
    return place
  }

  mutating func removePlaces(of ring: UInt32) {
    var place = rings[ring].firstPlace
    while place != noIndex {
      let next = tables.places[place].next
      tables.removePlace(place)
      place = next
    }
    rings[ring].firstPlace = noIndex
  }

  /// The group gets what is known of the slot.
  mutating func fill(_ group: UInt32, from place: UInt32) {
    let state = tables.places[place]
    tables.setKey(state.key, of: group)
    tables.groups[group].address = state.address
    tables.groups[group].length = state.length
    tables.groups[group].segments = state.segments
    tables.groups[group].direction = state.direction
    tables.groups[group].isKernel = state.isKernel
    tables.groups[group].tag = state.tag
    tables.groups[group].release = state.release
    tables.groups[group].providedTime = state.registeredTime
  }

  // MARK: Registered buffers

  /// The slots that follow are all of a range that hold buffers.
  mutating func bufferTable(_ record: UnsafePointer<record_buffer_table>) {
    let ring = ring(of: record.pointee.base)
    let opcode = record.pointee.register_opcode
    rings[ring].isTableKnown = true
    rings[ring].tableCall = opcode == noIndex ? nil : RegisterOpcode(rawValue: opcode)
    let first = record.pointee.first
    // All, if the table is gone.
    let end = record.pointee.size == 0 ? UInt32.max : first &+ min(record.pointee.count, 1 << 14)
    var place = rings[ring].firstPlace
    while place != noIndex {
      if tables.places[place].kind == .registered, tables.places[place].index >= first,
        tables.places[place].index < end
      {
        tables.places[place].isStale = true
      }
      place = tables.places[place].next
    }
  }

  mutating func bufferSlot(_ record: UnsafePointer<record_buffer_slot>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    let buffer = record.pointee.buffer
    guard buffer.buffer != 0, buffer.index < 1 << 14 else { return }
    events.current.value = Int64(buffer.index)
    let place = place(ring, .registered, buffer.index)
    let key = GroupTables.key(node: buffer.node, buffer: buffer.buffer, ring: ring)
    tables.places[place].isStale = false
    let known = tables.places[place].group
    // Found now, and not put there by a call: it was there before.
    let call = rings[ring].tableCall
    let isSame =
      known != noIndex && (tables.groups[known].key == key || tables.groups[known].key == 0)
    if !isSame {
      if known != noIndex { withdraw(known, time: header.time_ns, tid: header.tid) }
      tables.places[place].useCount = 0
      tables.places[place].lastUseTime = 0
      tables.places[place].registeredTime = call == nil ? 0 : header.time_ns
    }
    tables.places[place].isFilled = true
    tables.places[place].key = key
    tables.places[place].address = buffer.address
    tables.places[place].length = buffer.length
    tables.places[place].segments = buffer.segments
    tables.places[place].direction = GroupBuffer.Direction(bits: buffer.direction)
    tables.places[place].isKernel = buffer.is_kernel != 0
    tables.places[place].tag = buffer.tag
    tables.places[place].release = buffer.release
    tables.places[place].sharers = buffer.sharers
    tables.places[place].references = buffer.references < 0 ? -1 : max(0, buffer.references - 1)
    if isSame {
      if tables.groups[known].key == 0 { fill(known, buffer, key: key) }
      nameGroup(known)
      return
    }
    guard tables.idleCount < GroupTables.mostIdle || buffer.is_kernel != 0 else { return }
    let group = beginGroup(
      .registered, ring: ring, time: header.time_ns, leader: caller(ring, header))
    tables.groups[group].place = place
    tables.groups[group].index = buffer.index
    tables.places[place].group = group
    fill(group, buffer, key: key)
    chooseProvider(group)
    if call != nil { provide(group, time: header.time_ns) }
    nameGroup(group)
  }

  /// The call of `io_uring_register` that is under way.
  private func caller(_ ring: UInt32, _ header: record) -> RequestGroup.Leader {
    var leader = RequestGroup.Leader()
    guard let call = rings[ring].tableCall else { return leader }
    leader.registerOpcode = call
    leader.ring = rings[ring].ring.id
    leader.tid = header.tid
    leader.startTime = header.time_ns
    leader.endTime = header.time_ns
    leader.hasResult = true
    return leader
  }

  mutating func registerArgument(_ record: UnsafePointer<record_register_argument>) {
    _ = ring(of: record.pointee.base)
    events.current.flags = record.pointee.opcode
    tables.argument = record.pointee
  }

  /// A call of `io_uring_register`: its table and arguments have come before it.
  mutating func noteRegistration(_ record: UnsafePointer<record_register>, ring: UInt32) {
    let header = record.pointee.base
    let opcode = record.pointee.opcode & ~(1 << 31)
    let argument = tables.argument
    tables.argument = nil
    if rings[ring].tableCall != nil {
      rings[ring].tableCall = nil
      emptyStalePlaces(of: ring, time: header.time_ns, tid: header.tid)
      setCaller(of: ring, tgid: record.pointee.tgid, since: header)
    }
    guard let argument, argument.base.tid == header.tid, argument.base.ctx == header.ctx,
      record.pointee.result >= 0
    else { return }
    let bgid = UInt32(truncatingIfNeeded: argument.words.1 >> 32) & 0xffff
    switch opcode {
    case Self.registerProvidedRing:
      var leader = RequestGroup.Leader()
      leader.registerOpcode = RegisterOpcode(rawValue: opcode)
      leader.ring = rings[ring].ring.id
      leader.tid = header.tid
      leader.tgid = record.pointee.tgid
      leader.startTime = header.time_ns
      leader.endTime = header.time_ns
      leader.hasResult = true
      provide(
        bgid, .providedRing, ring, leader, address: argument.words.0,
        count: UInt32(truncatingIfNeeded: argument.words.1), length: 0, time: header.time_ns)
    case Self.unregisterProvidedRing:
      guard let place = tables.place(ring: ring, kind: .providedRing, index: bgid) else { return }
      let group = tables.places[place].group
      tables.places[place].isFilled = false
      if group != noIndex { withdraw(group, time: header.time_ns, tid: header.tid) }
    default: break
    }
  }

  private static var registerProvidedRing: UInt32 { 22 }
  private static var unregisterProvidedRing: UInt32 { 23 }

  /// The process is told only by the record of the call itself.
  private mutating func setCaller(of ring: UInt32, tgid: UInt32, since header: record) {
    var group = tables.lastAlive
    while group != noIndex, tables.groups[group].leader.tgid == 0,
      tables.groups[group].leader.registerOpcode != nil
    {
      if tables.groups[group].ring == ring { tables.groups[group].leader.tgid = tgid }
      group = tables.groups[group].previous
    }
  }

  private mutating func emptyStalePlaces(of ring: UInt32, time: UInt64, tid: UInt32) {
    var place = rings[ring].firstPlace
    while place != noIndex {
      if tables.places[place].isStale {
        tables.places[place].isStale = false
        tables.places[place].isFilled = false
        let group = tables.places[place].group
        if group != noIndex { withdraw(group, time: time, tid: tid) }
        tables.places[place].group = noIndex
      }
      place = tables.places[place].next
    }
  }

  // MARK: Provided buffers

  /// A request chooses from a group of provided buffers.
  mutating func select(_ slot: UInt32, _ bgid: UInt16, _ ring: UInt32) {
    guard slots[slot].member == noIndex else { return }
    let place = place(ring, .providedLegacy, UInt32(bgid))
    var group = tables.places[place].group
    if group == noIndex {
      group = beginGroup(
        .provided, ring: ring, time: slots[slot].request.startTime, leader: .init())
      tables.groups[group].place = place
      tables.groups[group].index = UInt32(bgid)
      tables.places[place].group = group
    }
    join(slot, group)
  }

  private mutating func provide(
    _ bgid: UInt32, _ kind: Buffer.Kind, _ ring: UInt32, _ leader: RequestGroup.Leader,
    address: UInt64, count: UInt32, length: UInt64, time: UInt64
  ) {
    let place = place(ring, kind, bgid)
    tables.places[place].kind = kind
    tables.places[place].address = address
    tables.places[place].length = length
    tables.places[place].bufferCount = count
    tables.places[place].isFilled = true
    tables.places[place].registeredTime = time
    tables.places[place].provided = -1
    tables.places[place].taken = 0
    tables.places[place].lookTime = 0
    let old = tables.places[place].group
    if old != noIndex, tables.groups[old].leader.isKnown || kind == .providedRing {
      withdraw(old, time: time, tid: leader.tid)
    }
    var group = tables.places[place].group
    if group == noIndex {
      group = beginGroup(.provided, ring: ring, time: time, leader: leader)
      tables.groups[group].place = place
      tables.groups[group].index = bgid
      tables.places[place].group = group
    } else {
      tables.groups[group].leader = leader
    }
    tables.groups[group].address = address
    tables.groups[group].length = length
    tables.groups[group].direction = .both
    provide(group, time: time)
    nameGroup(group)
  }

  /// PROVIDE_BUFFERS or REMOVE_BUFFERS is submitted.
  mutating func provideBuffers(_ slot: UInt32) {
    let sqe = slots[slot].request.sqe
    let ring = slots[slot].ring
    let bgid = UInt32(sqe.buf_index)
    slots[slot].joinGroup()
    if slots[slot].request.opcode == .provideBuffers {
      let place = place(ring, .providedLegacy, bgid)
      if tables.places[place].group == noIndex || !tables.places[place].isFilled {
        provide(
          bgid, .providedLegacy, ring, leader(slot), address: sqe.addr,
          count: UInt32(bitPattern: sqe.fd), length: UInt64(sqe.len),
          time: slots[slot].request.startTime)
        tables.places[place].provided = 0
      }
    }
    guard let place = tables.place(ring: ring, kind: .providedLegacy, index: bgid) else { return }
    let group = tables.places[place].group
    if group != noIndex { lead(slot, group) }
  }

  /// PROVIDE_BUFFERS or REMOVE_BUFFERS has ended.
  mutating func finishProviding(_ slot: UInt32, _ group: UInt32, time: UInt64) {
    let place = tables.groups[group].place
    guard place != noIndex, tables.places[place].group == group, slots[slot].request.isSQEKnown
    else { return }
    let result = slots[slot].request.result
    let count = Int64(slots[slot].request.sqe.fd)
    if slots[slot].request.opcode == .provideBuffers {
      if result >= 0, tables.places[place].provided >= 0 {
        tables.places[place].provided += count
        let left = tables.places[place].provided - tables.places[place].taken
        tables.places[place].bufferCount = max(
          tables.places[place].bufferCount, UInt32(clamping: left))
      }
    } else if result > 0, tables.places[place].provided >= 0 {
      tables.places[place].provided -= Int64(result)
    }
  }

  /// A member of provided buffers has posted a CQE.
  mutating func countProvided(
    _ group: UInt32, _ number: UInt32, _ result: Int32, _ flags: CQEFlags, time: UInt64
  ) {
    let place = tables.groups[group].place
    let hasPlace = place != noIndex && tables.places[place].group == group
    if result == -ErrorNumber.noBuffers.rawValue {
      note(.exhausted, group)
      if hasPlace { tables.places[place].exhaustedCount &+= 1 }
      return
    }
    guard let bid = flags.bufferID else { return }
    tables.members[number].member.bufferID = bid
    guard hasPlace else { return }
    tables.places[place].isFilled = true
    tables.places[place].lastUseTime = time
    // With F_BUF_MORE the buffer stays with the kernel.
    if !flags.contains(.bufferMore) { tables.places[place].taken += 1 }
  }

  /// How far the application has filled a buffer ring.
  mutating func providedTail(_ record: UnsafePointer<record_provided_tail>) {
    let ring = ring(of: record.pointee.base)
    guard let place = tables.place(ring: ring, kind: .providedRing, index: record.pointee.bgid)
    else { return }
    // The tail is 16 bits of all that were ever provided; no more than are there can be left.
    let taken = tables.places[place].taken
    let left = (Int64(record.pointee.tail) - taken) & 0xffff
    tables.places[place].provided = taken + min(left, Int64(tables.places[place].bufferCount))
    tables.places[place].lookTime = 0
  }

  /// What the kernel has of a group; void if any was taken since.
  mutating func providedGroup(_ record: UnsafePointer<record_provided_group>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    let isRing = record.pointee.entries != 0
    let kind: Buffer.Kind = isRing ? .providedRing : .providedLegacy
    guard record.pointee.bgid <= UInt16.max else { return }
    let place = place(ring, kind, record.pointee.bgid)
    guard tables.places[place].lastUseTime <= header.time_ns else { return }
    // Of those provided one by one, every event is known since they are.
    guard isRing || tables.places[place].provided < 0 else { return }
    tables.places[place].kind = kind
    tables.places[place].isFilled = true
    tables.places[place].provided = tables.places[place].taken + Int64(record.pointee.left)
    tables.places[place].bufferCount =
      isRing ? record.pointee.entries : max(tables.places[place].bufferCount, record.pointee.left)
    tables.places[place].lookTime = isRing ? header.time_ns : 0
  }
}
