import Glibc

/// A memory mapping: page-aligned memory for O_DIRECT, or a part of a device file.
///
/// The kernel writes to the mapping without the compiler's knowledge. All access is therefore by
/// loads and stores with checked bounds.
struct MappedBuffer: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Size in bytes.
  let count: Int

  /// Maps zeroed memory.
  init(count: Int) throws(TargetError) {
    try self.init(
      count: count, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS,
      file: -1, offset: 0)
  }

  /// Maps a part of a device file for reading.
  init(file: Int32, offset: UInt64, count: Int) throws(TargetError) {
    try self.init(
      count: count, protection: PROT_READ, flags: MAP_SHARED | MAP_POPULATE, file: file,
      offset: offset)
  }

  private init(
    count: Int, protection: Int32, flags: Int32, file: Int32, offset: UInt64
  ) throws(TargetError) {
    let base = mmap(nil, count, protection, flags, file, off_t(offset))
    guard let base, base != MAP_FAILED else { throw .last("cannot map \(count) bytes") }
    self.base = base
    self.count = count
  }

  deinit { munmap(base, count) }

  /// The address in the form that an SQE needs.
  var address: UInt64 { UInt64(UInt(bitPattern: base)) }

  func load<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type = Value.self) -> Value {
    precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count)
    return base.load(fromByteOffset: offset, as: type)
  }

  func store(_ value: some BitwiseCopyable, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout.size(ofValue: value) <= count)
    base.storeBytes(of: value, toByteOffset: offset, as: type(of: value))
  }

  /// Reads a file into this buffer with a system call of the calling thread. Returns the number of
  /// bytes, or a negative errno.
  func read(from file: Int32, at position: UInt64?, offset: Int = 0, count: Int) -> Int {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
    let result =
      if let position {
        pread(file, base + offset, count, off_t(position))
      } else {
        Glibc.read(file, base + offset, count)
      }
    return result < 0 ? -Int(errno) : result
  }

  /// Writes from this buffer to a file with a system call of the calling thread. Returns the number
  /// of bytes, or a negative errno.
  func write(to file: Int32, at position: UInt64?, offset: Int = 0, count: Int) -> Int {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
    let result =
      if let position {
        pwrite(file, base + offset, count, off_t(position))
      } else {
        Glibc.write(file, base + offset, count)
      }
    return result < 0 ? -Int(errno) : result
  }
}
