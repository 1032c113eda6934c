import CBPF
import CProbe
import Glibc

/// The memory of the record buffer's chunks.
///
/// A chunk is mapped when it is first used: mapped memory counts as resident, and most chunks are
/// needed only if the reader thread falls behind.
struct ChunkMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let size: Int
  private let descriptor: Int32
  private var isMapped: [Bool]

  /// Number of bytes mapped by one call of mmap.
  private static var spanSize: Int { 1 << 20 }
  /// Number of chunks that can hold records: all except chunk 0.
  var count: Int { size / Self.chunkSize - 1 }
  static var chunkSize: Int { Int(PROBE_CHUNK_SIZE) }

  /// - Parameters:
  ///   - descriptor: the BPF array of chunks; nil to use memory of this process instead, for tests.
  ///   - count: number of chunks in the array, including chunk 0.
  init(descriptor: Int32?, count: Int) throws(ProbeError) {
    size = count * Self.chunkSize
    self.descriptor = descriptor ?? -1
    let protection = descriptor == nil ? PROT_READ | PROT_WRITE : PROT_NONE
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let base = mmap(nil, size, protection, flags, -1, 0), base != MAP_FAILED else {
      throw ProbeError(.system, "cannot reserve the record buffer: \(errorText(errno))")
    }
    self.base = base
    isMapped = Array(
      repeating: descriptor == nil, count: (size + Self.spanSize - 1) / Self.spanSize)
  }

  deinit { munmap(base, size) }

  /// Returns the memory of a chunk; nil if no chunk has this number, or if the kernel lacks memory
  /// for the mapping.
  mutating func chunk(_ number: UInt32) -> UnsafeMutableRawPointer? {
    let offset = Int(number) * Self.chunkSize
    guard number > 0, offset < size else { return nil }
    let span = offset / Self.spanSize
    if !isMapped[span] {
      let start = span * Self.spanSize
      let mapped = mmap(
        base + start, min(Self.spanSize, size - start), PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_FIXED, descriptor, off_t(start))
      guard mapped != MAP_FAILED else { return nil }
      isMapped[span] = true
    }
    return base + offset
  }
}
