import CBPF
import CRecord
import Glibc

/// Reads the BPF ring buffer in place (layout: kernel/bpf/ringbuf.c).
///
/// The kernel maps the data twice in a row, so that a record which wraps around is in one piece.
struct RingBufferReader: ~Copyable {
  private let consumerPage: UnsafeMutableRawPointer
  private let producerPage: UnsafeRawPointer
  private let data: UnsafeRawPointer
  private let pageSize: Int
  /// Bytes of data, a power of two.
  let size: Int

  /// Bit 31 of a record's length: the program has reserved it and not submitted it yet.
  private static var busy: UInt32 { 1 << 31 }
  /// Bit 30: the program has thrown it away.
  private static var discarded: UInt32 { 1 << 30 }
  private static var headerSize: Int { 8 }

  init(descriptor: Int32, size: Int) throws(ProbeError) {
    pageSize = Int(getpagesize())
    self.size = size
    guard
      let consumer = mmap(nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      consumer != MAP_FAILED
    else { throw ProbeError(.system, "cannot map the ring buffer: \(errorText(errno))") }
    guard
      let producer = mmap(
        nil, pageSize + 2 * size, PROT_READ, MAP_SHARED, descriptor, off_t(pageSize)),
      producer != MAP_FAILED
    else {
      munmap(consumer, pageSize)
      throw ProbeError(.system, "cannot map the ring buffer: \(errorText(errno))")
    }
    consumerPage = consumer
    producerPage = UnsafeRawPointer(producer)
    data = producerPage + pageSize
  }

  deinit {
    munmap(consumerPage, pageSize)
    munmap(UnsafeMutableRawPointer(mutating: producerPage), pageSize + 2 * size)
  }

  /// Bytes written and not read yet.
  var backlog: Int {
    Int(cbpf_load_acquire_u64(producerPage) &- cbpf_load_acquire_u64(consumerPage))
  }

  /// Hands over what was there when it began, or up to `limit` bytes of it; returns how many bytes
  /// that were. Space is given back in pieces, so that the kernel never waits for the end.
  @inline(__always)
  func drain(limit: Int, _ body: (UnsafePointer<record>) -> Void) -> Int {
    let start = cbpf_load_acquire_u64(consumerPage)
    let end = cbpf_load_acquire_u64(producerPage)
    let mask = UInt64(size - 1)
    var position = start
    var released = start
    while position < end {
      let header = data + Int(position & mask)
      let length = cbpf_load_acquire_u32(header)
      if length & Self.busy != 0 { break }
      if length & Self.discarded == 0 {
        body((header + Self.headerSize).assumingMemoryBound(to: record.self))
      }
      let bytes = Int(length & ~(Self.busy | Self.discarded)) + Self.headerSize
      position += UInt64((bytes + 7) & ~7)
      if position - released >= 1 << 18 {
        cbpf_store_release_u64(consumerPage, position)
        released = position
        if position - start >= UInt64(limit) { break }
      }
    }
    cbpf_store_release_u64(consumerPage, position)
    return Int(position - start)
  }
}
