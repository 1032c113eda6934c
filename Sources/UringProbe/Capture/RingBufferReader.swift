import CBPF
import CRecord
import Glibc

/// Reads the BPF ring buffer in place (layout: kernel/bpf/ringbuf.c).
///
/// The kernel offers a mapping of the data twice in a row, in which a record that wraps around is contiguous, but then
/// all of it counts twice as resident memory. Here it is mapped once, and the one record per lap that wraps around is
/// assembled in a separate buffer.
struct RingBufferReader: ~Copyable {
  private let consumerPage: UnsafeMutableRawPointer
  private let producerPage: UnsafeRawPointer
  private let data: UnsafeRawPointer
  /// Buffer in which a record that wraps around is assembled.
  private let joint: UnsafeMutableRawPointer
  private let pageSize: Int
  /// Bytes of data, a power of two.
  let size: Int

  /// Bit 31 of a record's length: reserved by the program and not submitted yet.
  private static var busy: UInt32 { 1 << 31 }
  /// Bit 30: discarded by the program.
  private static var discarded: UInt32 { 1 << 30 }
  private static var headerSize: Int { 8 }
  /// A record's size has 16 bits.
  private static var longestRecord: Int { 1 << 16 }

  init(descriptor: Int32, size: Int) throws(ProbeError) {
    pageSize = Int(getpagesize())
    self.size = size
    guard
      let consumer = mmap(nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      consumer != MAP_FAILED
    else { throw ProbeError(.system, "cannot map the ring buffer: \(errorText(errno))") }
    guard
      let producer = mmap(
        nil, pageSize + size, PROT_READ, MAP_SHARED, descriptor, off_t(pageSize)),
      producer != MAP_FAILED
    else {
      munmap(consumer, pageSize)
      throw ProbeError(.system, "cannot map the ring buffer: \(errorText(errno))")
    }
    consumerPage = consumer
    producerPage = UnsafeRawPointer(producer)
    data = producerPage + pageSize
    joint = .allocate(byteCount: Self.longestRecord, alignment: 16)
  }

  deinit {
    joint.deallocate()
    munmap(consumerPage, pageSize)
    munmap(UnsafeMutableRawPointer(mutating: producerPage), pageSize + size)
  }

  /// Bytes read and bytes written since the buffer was created.
  var consumerPosition: UInt64 { cbpf_load_acquire_u64(consumerPage) }
  var producerPosition: UInt64 { cbpf_load_acquire_u64(producerPage) }

  /// Hands over the records that were present at the start, up to `limit` bytes, and returns their size in bytes.
  /// Frees space in pieces, so that the kernel never waits for the end.
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
      let bytes = Int(length & ~(Self.busy | Self.discarded)) + Self.headerSize
      if length & Self.discarded == 0 {
        let offset = Int(position & mask)
        let start = offset + bytes <= size ? header + Self.headerSize : join(offset, bytes)
        body(start.assumingMemoryBound(to: record.self))
      }
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

  /// Assembles a record that continues at the beginning of the buffer. Its ring buffer header is at `offset`.
  @inline(never)
  private func join(_ offset: Int, _ bytes: Int) -> UnsafeRawPointer {
    // The header never wraps around: it is 8 bytes, aligned.
    let first = size - offset - Self.headerSize
    let rest = min(bytes - Self.headerSize, Self.longestRecord) - first
    joint.copyMemory(from: data + offset + Self.headerSize, byteCount: first)
    (joint + first).copyMemory(from: data, byteCount: rest)
    return UnsafeRawPointer(joint)
  }
}
