import CURing
import Glibc
import UringBase

/// Operations without data: flush, discard, write zeroes.
extension QueueServer {
  mutating func beginEffect(_ tag: Int) throws(TargetError) {
    let record = tags[tag].record
    if record.operation == .unknown { return try commit(tag, result: -EOPNOTSUPP) }
    guard let backing else { return try commit(tag, result: 0) }
    let keepsAllocation =
      record.operation == .writeZeroes && tags[tag].flags & CURING_UBLK_IO_NO_UNMAP != 0
    try pushEffect(tag, backing, mode: keepsAllocation ? Self.zeroRange : Self.punchHole)
  }

  /// Modes of fallocate(2), both with FALLOC_FL_KEEP_SIZE.
  static let punchHole: Int32 = 0x02 | 0x01
  static let zeroRange: Int32 = 0x10 | 0x01

  mutating func pushEffect(
    _ tag: Int, _ backing: Int32, mode: Int32
  ) throws(TargetError) {
    let record = tags[tag].record
    tags[tag].stage = .members
    tags[tag].outstanding += 1
    tags[tag].record.members += 1
    totals.members += 1
    if record.issued == 0 { tags[tag].record.issued = MonotonicClock.now() }
    // An operation without data has one request at a time, so the member's number is free for the
    // fallocate mode.
    let data = userData(.member, tag, member: Int(mode))
    try ring.push(
      record.operation == .flush
        ? .synchronize(file: backing, userData: data)
        : .allocate(
          file: backing, mode: mode, offset: record.sector << 9, length: Int(record.length),
          userData: data))
  }

  mutating func endEffect(_ tag: Int, _ result: Int32) throws(TargetError) {
    if result == -EOPNOTSUPP, tags[tag].record.operation == .writeZeroes,
      tags[tag].record.members == 1, let backing
    {
      // tmpfs supports only FALLOC_FL_PUNCH_HOLE. A hole also reads as zeros.
      return try pushEffect(tag, backing, mode: Self.punchHole)
    }
    tags[tag].record.completed = MonotonicClock.now()
    try commit(tag, result: min(result, 0))
  }
}
