import CRecord

/// A removal of memory that a request in flight uses: the memory was unmapped, moved, replaced or
/// discarded.
public struct MemoryChange: Sendable, Hashable {
  /// The system call that removed memory.
  public enum Call: String, Sendable {
    case munmap, mremap, madvise, mmap
  }

  public var call: Call?
  /// Time at which the call returned. If the call was not seen, the time at which the memory was
  /// found missing. Nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// The calling thread; 0 if the call was not seen.
  public var tid: UInt32
  /// Address of the first removed byte, and number of removed bytes.
  public var address: UInt64
  public var length: UInt64
  /// mremap: the new address; 0 if the memory was only shortened.
  public var target: UInt64
  /// madvise: `MADV_*`.
  public var advice: UInt32
  /// True if the memory is still mapped, but no longer to the registered pages.
  public var isDiscarded: Bool
  /// Key in ``Snapshot/userStacks`` of the call's user stack; nil if none was recorded
  /// (`--stacks`).
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

  /// The call in source notation: "munmap(0x7f00, 4096)".
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

extension Request.Core {
  /// The memory that the SQE names by address and length; nil if it uses vectors or provided
  /// buffers.
  package var namedMemory: Range<UInt64>? {
    guard knows(.addr), knows(.len) else { return nil }
    return opcode.namedMemory(
      at: sqe.addr, length: sqe.len, flags: SQEFlags(rawValue: sqe.flags))
  }
}

extension Opcode {
  /// The memory that a request fills or sends, given the address and length in its SQE.
  package func namedMemory(at address: UInt64, length: UInt32, flags: SQEFlags) -> Range<UInt64>? {
    guard direction != .none, self.length == .bytes, address != 0, length != 0,
      !flags.contains(.bufferSelect), properties.addr != nil
    else { return nil }
    let (end, isOver) = address.addingReportingOverflow(UInt64(length))
    return isOver ? nil : address..<end
  }
}
