import CURing
import UringBase

/// The steps that return an I/O to the driver: unregister the buffer, commit the result, log the
/// I/O.
extension QueueServer {
  mutating func commit(_ tag: Int, result: Int32) throws(TargetError) {
    if tags[tag].isRegistered {
      tags[tag].isUnregistering = true
      try ring.push(
        .ublk(
          CURING_UBLK_UNREGISTER_IO_BUF, file: device, payload(tag, address: UInt64(tag)),
          userData: userData(.unregister, tag)))
    }
    tags[tag].record.result = result
    tags[tag].record.committed = MonotonicClock.now()
    tags[tag].stage = .committing
    commits += 1
    try push(command: CURING_UBLK_COMMIT_AND_FETCH, tag: tag, result: result)
    count(tag)
    if !tags[tag].isUnregistering { finish(tag) }
  }

  mutating func count(_ tag: Int) {
    let record = tags[tag].record
    totals.ios += 1
    totals.operations[record.operation, default: 0] += 1
    if record.slot != nil { totals.groups += 1 }
    if record.result > 0 {
      let bytes = UInt64(record.result)
      if record.operation == .read {
        totals.readBytes += bytes
      } else {
        totals.writtenBytes += bytes
      }
    }
    if let fault = record.fault {
      totals.faults[fault, default: 0] += 1
    } else if record.result < 0 {
      totals.errors += 1
    }
  }

  /// Adds the tag's completed record to those that ``publish()`` puts into the log.
  mutating func finish(_ tag: Int) {
    finished.append(tags[tag].record)
  }

  func payload(_ tag: Int, result: Int32 = 0, address: UInt64 = 0) -> curing_ublk_io {
    curing_ublk_io(queue: UInt16(queue), tag: UInt16(tag), result: result, address: address)
  }

  /// Queues FETCH or COMMIT_AND_FETCH, with the address or the buffer slot for the data of the next
  /// I/O.
  func push(command: UInt32, tag: Int, result: Int32 = 0) throws(TargetError) {
    var address: UInt64 = 0
    if transfer == .copy, case .address(let start) = memory(tag, slot: tag, at: 0) {
      address = start
    }
    let automatic =
      transfer == .automatic ? UInt64(tag) | UInt64(CURING_UBLK_AUTO_BUFFER_FALLBACK) : 0
    try ring.push(
      .ublk(
        command, file: device, payload(tag, result: result, address: address),
        automatic: automatic, userData: userData(.fetch, tag)))
  }
}
