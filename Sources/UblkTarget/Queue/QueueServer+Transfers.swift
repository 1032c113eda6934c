import CURing
import Glibc
import Synchronization
import UringBase

/// The transfer of an I/O's data: the registration of a lent buffer, and the members (the requests
/// that transfer the data).
extension QueueServer {
  // MARK: Explicit registration

  /// Registers the buffer. A single member is linked behind the registration. Several members run
  /// concurrently, so they are submitted after the registration has completed. For
  /// ``Fault/leaderFail`` the slot is `depth`, which is beyond the table's end, so the registration
  /// fails.
  mutating func registerBuffer(_ tag: Int, slot: Int) throws(TargetError) {
    tags[tag].stage = .registering
    tags[tag].outstanding += 1
    let leader = RingRequest.ublk(
      CURING_UBLK_REGISTER_IO_BUF, file: device, payload(tag, address: UInt64(slot)),
      userData: userData(.register, tag))
    guard tags[tag].parts.count == 1 else { return try ring.push(leader) }
    tags[tag].record.issued = MonotonicClock.now()
    try ring.push(chain: (leader, member(tag, 0, slot: slot)))
  }

  mutating func registered(_ tag: Int, _ result: Int32) throws(TargetError) {
    tags[tag].outstanding -= 1
    if result >= 0 {
      tags[tag].isRegistered = true
      tags[tag].record.registered = MonotonicClock.now()
    } else {
      tags[tag].fail(result)
    }
    if tags[tag].parts.count == 1 {
      // The linked member runs or is cancelled. It completes in either case.
      if tags[tag].stage == .registering { tags[tag].stage = .members }
      try endMembers(tag)
    } else if result >= 0 {
      try issueMembers(tag)
    } else {
      try endMembers(tag)
    }
  }

  mutating func unregistered(_ tag: Int, _ result: Int32) {
    tags[tag].isUnregistering = false
    if result < 0 { totals.errors += 1 }
    tags[tag].record.unregistered = MonotonicClock.now()
    finish(tag)
  }

  // MARK: User copy

  /// Copies the data between /dev/ublkcN and `memory`, by a read or a write of /dev/ublkcN. The
  /// driver implements these with ublk_ch_read_iter and ublk_ch_write_iter (ublk_drv.c).
  mutating func copy(_ tag: Int, _ kind: Kind) throws(TargetError) {
    let position =
      UInt64(CURING_UBLK_DATA_OFFSET)
      + (UInt64(queue) << UInt64(CURING_UBLK_DATA_QUEUE_SHIFT)
        | UInt64(tag) << UInt64(CURING_UBLK_DATA_TAG_SHIFT))
    let isIn = kind == .copyIn
    let length = isIn ? Int(tags[tag].record.length) : tags[tag].movedPrefix
    tags[tag].stage = isIn ? .copyingIn : .copyingOut
    tags[tag].outstanding += 1
    try ring.push(
      .transfer(
        isIn ? .read : .write, file: device, offset: position,
        memory: memory(tag, slot: tag, at: 0),
        length: length, userData: userData(kind, tag)))
  }

  mutating func copied(_ tag: Int, _ result: Int32) throws(TargetError) {
    tags[tag].outstanding -= 1
    let isIn = tags[tag].stage == .copyingIn
    let length = isIn ? Int(tags[tag].record.length) : tags[tag].movedPrefix
    if result != length { tags[tag].fail(result < 0 ? result : -EIO) }
    if isIn, tags[tag].error == 0 {
      try issueMembers(tag)
    } else {
      try endTransfer(tag)
    }
  }

  // MARK: Members

  mutating func issueMembers(_ tag: Int) throws(TargetError) {
    tags[tag].stage = .members
    tags[tag].record.issued = MonotonicClock.now()
    for index in tags[tag].parts.indices { try ring.push(member(tag, index, slot: tag)) }
  }

  /// The location of a tag's data: an address in `memory`, or the lent buffer in this slot.
  func memory(_ tag: Int, slot: Int, at offset: Int) -> RingRequest.Memory {
    switch memory {
    case .some(let memory):
      .address(memory.address + UInt64(tag * configuration.largestIO + offset))
    case .none:
      .slot(slot, start: UInt64(offset))
    }
  }

  /// The request that transfers the remaining bytes of a part.
  mutating func member(_ tag: Int, _ index: Int, slot: Int) -> RingRequest {
    tags[tag].outstanding += 1
    tags[tag].record.members += 1
    totals.members += 1
    let record = tags[tag].record
    let part = tags[tag].parts[index]
    let offset = part.offset + part.moved
    var direction = record.operation.direction!
    var file = backing!
    var position = record.sector << 9 + UInt64(offset)
    switch record.fault {
    case .memberFail:
      file = direction == .read ? unreadable.number : unwritable.number
    case .wrongDirection:
      // Uses another file than the backing file: a kernel that accepted the request would destroy
      // data.
      direction = direction.opposite
      file = direction == .read ? unwritable.number : unreadable.number
    default:
      if let detour = tags[tag].detour {
        file = detour.descriptor
        if detour.kind == .short { position = UInt64(offset) }
      }
    }
    return .transfer(
      direction, file: file, offset: position, memory: memory(tag, slot: slot, at: offset),
      length: part.length - part.moved, userData: userData(.member, tag, member: index))
  }

  mutating func memberCompleted(
    _ tag: Int, _ index: Int, _ result: Int32
  ) throws(TargetError) {
    tags[tag].outstanding -= 1
    guard tags[tag].record.operation.direction != nil else { return try endEffect(tag, result) }
    if result == -EINTR || result == -EAGAIN, tags[tag].error == 0 {
      return try ring.push(member(tag, index, slot: tag))
    }
    if result < 0 {
      tags[tag].fail(result)
    } else {
      try advance(tag, index, by: Int(result))
    }
    try endMembers(tag)
  }

  /// Counts the bytes that a member has transferred. After a short member, submits another one for
  /// the rest.
  mutating func advance(_ tag: Int, _ index: Int, by count: Int) throws(TargetError) {
    let part = tags[tag].parts[index]
    var moved = count
    if let detour = tags[tag].detour, detour.kind == .slow {
      let position = tags[tag].record.sector << 9 + UInt64(part.offset + part.moved)
      let status = detour.drain(to: backing!, position: position, length: count, scratch: scratch)
      if status < 0 { return tags[tag].fail(status) }
    } else if part.moved + count < part.length {
      // Counts only whole blocks, because O_DIRECT can continue only at a block boundary.
      moved -= (part.moved + count) % configuration.blockSize
    }
    tags[tag].parts[index].moved += moved
    if part.moved + moved == part.length { return }
    if tags[tag].record.fault == .shortRead {
      // Acts like a faulty server, which does not read the rest and commits the short length.
      return
    }
    // Fails if the backing file has no more data, because it was truncated, or if no member can
    // begin inside the I/O's data.
    guard moved > 0, dividesData else { return tags[tag].fail(-EIO) }
    if tags[tag].error != 0 { return }
    totals.remainders += 1
    try ring.push(member(tag, index, slot: tag))
  }

  mutating func endMembers(_ tag: Int) throws(TargetError) {
    guard tags[tag].outstanding == 0 else { return }
    tags[tag].record.completed = MonotonicClock.now()
    if tags[tag].detour?.kind == .slow { slow -= 1 }
    tags[tag].detour = nil
    if transfer == .userCopy, tags[tag].record.operation == .read, tags[tag].error == 0 {
      return try copy(tag, .copyOut)
    }
    try endTransfer(tag)
  }

  mutating func endTransfer(_ tag: Int) throws(TargetError) {
    let moved = tags[tag].movedPrefix
    tags[tag].record.moved = UInt32(moved)
    if tags[tag].record.fault == .noAck, !report.isReleasing.load(ordering: .relaxed) {
      held += 1
      tags[tag].stage = .held
      return
    }
    try commit(tag, result: result(tag))
  }

  func result(_ tag: Int) -> Int32 {
    let record = tags[tag].record
    let error = tags[tag].error
    if error != 0 { return Self.blockErrors.contains(-error) ? error : -EIO }
    // After a short read, the rest of the memory has old contents. They must not be returned as
    // data.
    return record.moved < record.length && !commitsShort ? -EIO : Int32(record.moved)
  }

  /// Errors that have a meaning for users of the block device. All other errors become EIO.
  static let blockErrors: Set<Int32> = [
    EIO, ENOSPC, EOPNOTSUPP, ENOMEM, ETIMEDOUT, ENODATA, EILSEQ,
  ]
}
