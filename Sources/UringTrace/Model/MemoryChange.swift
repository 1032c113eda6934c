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
    guard knows(.addr), knows(.len) else { return nil }
    return opcode.namedMemory(
      at: sqe.addr, length: sqe.len, flags: SQEFlags(rawValue: sqe.flags))
  }
}

extension Opcode {
  /// The memory that a request fills or sends, by the address and length in its SQE.
  package func namedMemory(at address: UInt64, length: UInt32, flags: SQEFlags) -> Range<UInt64>? {
    guard direction != .none, self.length == .bytes, address != 0, length != 0,
      !flags.contains(.bufferSelect), properties.addr != nil
    else { return nil }
    let (end, isOver) = address.addingReportingOverflow(UInt64(length))
    return isOver ? nil : address..<end
  }
}
