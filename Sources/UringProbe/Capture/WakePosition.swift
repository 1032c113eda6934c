import CBPF
import Glibc

/// Lets the reader of the ring buffer sleep until the programs have written up to a position.
///
/// The reader sets the position, checks that the programs have not reached it, and sleeps. The program whose record
/// reaches the position resets it and wakes the reader. A program that read the position just before it was set does
/// not wake the reader, and its record may have been invisible to the reader's check. That record is visible long
/// before any sleep of some milliseconds ends, so the first sleep at a position must be short (``ReaderSleep``).
struct WakePosition: ~Copyable {
  private let variables: MappedArray
  private let records: Int32

  init(descriptor: Int32, eventSource records: Int32) throws(ProbeError) {
    variables = try MappedArray(descriptor: descriptor, size: 8)
    self.records = records
  }

  /// 0 while the reader is awake.
  var value: UInt64 { cbpf_load_acquire_u64(variables.address) }

  /// Sets the position with a full barrier: later loads do not return older values.
  func set(_ position: UInt64) { cbpf_store_u64(variables.address, position) }

  /// An epoll descriptor that becomes ready when a program wakes the reader or `other` is readable.
  func makePoll(with other: EventDescriptor) throws(ProbeError) -> Int32 {
    let descriptor = cbpf_epoll(records, other.descriptor)
    guard descriptor >= 0 else {
      throw ProbeError(.system, "cannot wait for the ring buffer: \(errorText(descriptor))")
    }
    return descriptor
  }
}
