import CRecord

/// Memory that was taken away from a request in flight.
public struct MemoryChange: Sendable, Hashable {
  /// The system call; nil if it was not seen, and a look found the memory gone.
  public enum Call: String, Sendable {
    case munmap, mremap, madvise, mmap
  }

  public var call: Call?
  /// When the call returned, or the look; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// The thread that called, 0 if that was not seen.
  public var tid: UInt32
  /// First byte, and how many.
  public var address: UInt64
  public var length: UInt64
  /// mremap: where it is now; 0 if it was only made shorter.
  public var target: UInt64
  /// madvise: `MADV_*`.
  public var advice: UInt32
  /// Found: the memory is mapped, without the page that is registered.
  public var isDiscarded: Bool
  /// Where the call came from (`--stacks`); the key in ``Snapshot/userStacks``.
  public var stack: UserStackKey?

  init(_ record: UnsafePointer<record_memory_change>) {
    call =
      switch record.pointee.call {
      case .munmap: .munmap
      case .mremap: .mremap
      case .madvise: .madvise
      case .mmap: .mmap
      default: nil
      }
    time = record.pointee.base.time_ns
    tid = record.pointee.base.tid
    (address, length) = (record.pointee.address, record.pointee.length)
    (target, advice) = (record.pointee.target, record.pointee.advice)
    isDiscarded = record.pointee.is_discarded != 0
    stack =
      record.pointee.stack == 0
      ? nil : UserStackKey(tgid: record.pointee.tgid, stack: record.pointee.stack - 1)
  }

  /// The call as people write it: "munmap(0x7f00, 4096)".
  package var text: String? {
    guard let call else { return nil }
    let address = "0x" + String(self.address, radix: 16)
    switch call {
    case .madvise: return "madvise(\(address), \(length), \(adviceName))"
    case .mmap: return "mmap(\(address), \(length), MAP_FIXED)"
    case .munmap: return "munmap(\(address), \(length))"
    case .mremap where target == 0: return "mremap, which cut \(length) bytes off at \(address),"
    case .mremap:
      let new = "0x" + String(target, radix: 16)
      return "mremap, which moved \(length) bytes from \(address) to \(new),"
    }
  }

  private var adviceName: String {
    switch advice {
    case 4: "MADV_DONTNEED"
    case 8: "MADV_FREE"
    case 9: "MADV_REMOVE"
    case 24: "MADV_DONTNEED_LOCKED"
    default: "\(advice)"
    }
  }
}

extension Request {
  /// The memory that the SQE names by address and length: not of vectors or provided buffers.
  package var namedMemory: Range<UInt64>? {
    guard opcode.direction != .none, opcode.length == .bytes, knows(.addr), knows(.len),
      sqe.addr != 0, sqe.len != 0, opcode.properties.addr != nil,
      !SQEFlags(rawValue: sqe.flags).contains(.bufferSelect)
    else { return nil }
    let (end, isOver) = sqe.addr.addingReportingOverflow(UInt64(sqe.len))
    return isOver ? nil : sqe.addr..<end
  }
}
