/// A block request that a device works on: `struct request`, found under its tag.
///
/// Of an io_uring request that the block layer has, or of a ublk device whose server has a ring.
public struct DiskRequest: Sendable, Hashable {
  /// The io_uring request that it is for; nil if of none that is known.
  public var request: Request.ID?
  /// Device, hardware queue, tag, operation and place.
  public var block: GroupBuffer.UblkIO
  /// When the block layer began with it (`start_time_ns`); nanoseconds, CLOCK_MONOTONIC, 0 if not known.
  public var startTime: UInt64
  /// When its driver got it (`io_start_time_ns`); 0 if not known.
  public var driverTime: UInt64
  /// ublk: the process that serves the device, 0 if it is none or not known.
  public var serverTgid: UInt32
  /// ublk: the server has been given it and has not committed it (`UBLK_IO_FLAG_OWNED_BY_SRV`).
  public var isWithServer: Bool
  /// When it was looked at; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64

  /// "read of 4096 bytes at sector 8".
  package var operationText: String {
    let operation = block.operationName.isEmpty ? "request" : block.operationName
    return "\(operation) of \(block.length) bytes\(block.sectorText)"
  }
}

/// The queue and tag for which a ublk server's command waits.
public struct UblkSlot: Sendable, Hashable {
  public var queue: UInt16
  public var tag: UInt16

  public init(queue: UInt16, tag: UInt16) {
    self.queue = queue
    self.tag = tag
  }

  /// The queue and tag in a command: struct ublksrv_io_cmd, from offset 48 of the SQE on.
  package init(command sqe: SQE) {
    queue = UInt16(truncatingIfNeeded: sqe.addr3)
    tag = UInt16(truncatingIfNeeded: sqe.addr3 >> 16)
  }
}

/// A user stack at submissions; several requests can share one.
public struct UserStackKey: Sendable, Hashable {
  public var tgid: UInt32
  /// Number of the stack in the kernel's table.
  public var stack: UInt32

  public init(tgid: UInt32, stack: UInt32) {
    self.tgid = tgid
    self.stack = stack
  }
}
