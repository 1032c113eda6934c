/// A block request in progress on a device: `struct request`, found by its tag.
///
/// Only two sorts of block request are listed: those that serve an io_uring request, and those on a
/// ublk device whose server has a ring.
public struct DiskRequest: Sendable, Hashable {
  /// The io_uring request that it serves; nil if none is known.
  public var request: Request.ID?
  /// Device, hardware queue, tag, operation and position.
  public var block: GroupBuffer.UblkIO
  /// Time at which the block layer started it (`start_time_ns`); nanoseconds, CLOCK_MONOTONIC, 0 if
  /// unknown.
  public var startTime: UInt64
  /// Time at which its driver received it (`io_start_time_ns`); 0 if unknown.
  public var driverTime: UInt64
  /// ublk: the process that serves the device; 0 if there is none or it is unknown.
  public var serverTgid: UInt32
  /// ublk: true if the server has received the request and not committed it
  /// (`UBLK_IO_FLAG_OWNED_BY_SRV`).
  public var isWithServer: Bool
  /// Time of the inventory walk (BPF iterator over kernel structures) that found the block request;
  /// nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64

  /// The operation in words: "read of 4096 bytes at sector 8".
  package var operationText: String {
    let operation = block.operationName.isEmpty ? "request" : block.operationName
    return "\(operation) of \(block.length) bytes\(block.sectorText)"
  }
}

/// The queue and tag of the ublk I/O for which a command of the server waits.
public struct UblkSlot: Sendable, Hashable {
  public var queue: UInt16
  public var tag: UInt16

  public init(queue: UInt16, tag: UInt16) {
    self.queue = queue
    self.tag = tag
  }

  /// Reads queue and tag from a command's struct ublksrv_io_cmd, at offset 48 of the SQE.
  package init(command sqe: SQE) {
    queue = UInt16(truncatingIfNeeded: sqe.addr3)
    tag = UInt16(truncatingIfNeeded: sqe.addr3 >> 16)
  }
}

/// The key of a recorded user stack. Several requests can share a stack.
public struct UserStackKey: Sendable, Hashable {
  public var tgid: UInt32
  /// Index of the stack in the kernel's table (a BPF stack-trace map).
  public var stack: UInt32

  public init(tgid: UInt32, stack: UInt32) {
    self.tgid = tgid
    self.stack = stack
  }
}
