import CRecord

/// Commands of FUSE servers: their completions lend requests' pages, answers take them back (7.3).
extension Aggregator {
  // MARK: Lent

  /// Comes just before the completion of the command that brings the request.
  mutating func fuseRequest(_ record: UnsafePointer<record_fuse_request>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    let buffer = record.pointee.buffer
    events.current.value = Int64(record.pointee.length)
    guard buffer.buffer != 0, let slot = slotInFlight(header, ring: ring) else { return }
    name(slot)
    var leader = leader(slot)
    leader.command = record.pointee.command
    let group = beginGroup(.fuse, ring: ring, time: header.time_ns, leader: leader)
    tables.groups[group].index = buffer.index
    tables.groups[group].place = place(ring, .registered, buffer.index)
    fill(
      group, buffer, key: GroupTables.key(node: buffer.node, buffer: buffer.buffer, ring: ring))
    tables.groups[group].queue = UInt16(truncatingIfNeeded: record.pointee.queue)
    tables.groups[group].operation = UInt8(truncatingIfNeeded: record.pointee.operation)
    tables.groups[group].sector = record.pointee.offset
    tables.groups[group].blockLength = record.pointee.length
    tables.groups[group].fuseUnique = record.pointee.unique
    tables.groups[group].fuseNode = record.pointee.node
    lead(slot, group)
    guard slots[slot].request.isSQEKnown else { return }
    remember(group, as: fuseKey(slot, unique: record.pointee.unique))
  }

  private mutating func remember(_ group: UInt32, as key: GroupTables.FuseKey) {
    // Requests of a mount that is gone are never answered.
    if tables.fuseRequests.count >= 1 << 14 { tables.fuseRequests.removeAll() }
    tables.fuseRequests[key] = (group, tables.groups[group].id)
  }

  /// A registered file's number is told apart from a descriptor.
  private func fuseKey(_ slot: UInt32, unique: UInt64) -> GroupTables.FuseKey {
    let sqe = slots[slot].request.sqe
    return GroupTables.FuseKey(
      unique: unique, tgid: slots[slot].request.submitterTgid,
      fd: sqe.flags & SQEFlags.fixedFile.rawValue != 0 ? ~sqe.fd : sqe.fd)
  }

  // MARK: Answered

  /// An answer is submitted: the request ends, whoever still uses its pages. On another ring than that in
  /// whose table they are it leaves them there (zero_copy_unregister() in fs/fuse/dev_uring.c).
  mutating func answerFuse(_ slot: UInt32) {
    let key = fuseKey(slot, unique: slots[slot].request.sqe.pad2)
    guard let (group, id) = tables.fuseRequests.removeValue(forKey: key),
      tables.groups[group].id == id, !tables.groups[group].isEnded
    else { return }
    nameGroup(group)
    if tables.groups[group].running > 0 { note(.answeredEarly, group) }
    guard tables.groups[group].ring == slots[slot].ring else {
      note(.committedElsewhere, group)
      return
    }
    slots[slot].joinGroup()
    slots[slot].withdraws = group
    slots[slot].withdrawsID = id
    slots[slot].request.group = id
    withdraw(
      group, time: slots[slot].request.startTime, tid: slots[slot].request.submitterTid)
  }

  /// The answer turns out to wait behind another request: it has not been given yet.
  mutating func postponeAnswer(_ slot: UInt32) {
    let group = slots[slot].withdraws
    guard slots[slot].withdrawsID != 0, tables.groups[group].id == slots[slot].withdrawsID,
      tables.groups[group].fuseUnique != 0, !tables.groups[group].isEnded,
      tables.groups[group].withdrawnTime == max(slots[slot].request.startTime, 1)
    else { return }
    tables.groups[group].withdrawnTime = 0
    tables.groups[group].conditions.remove(.unused)
    tables.groups[group].conditions.remove(.answeredEarly)
    let place = tables.groups[group].place
    if place != noIndex, tables.places[place].ring == tables.groups[group].ring,
      tables.places[place].group == noIndex
    {
      tables.places[place].group = group
      tables.places[place].isFilled = true
    }
    remember(group, as: fuseKey(slot, unique: tables.groups[group].fuseUnique))
  }
}
