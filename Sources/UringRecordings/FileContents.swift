import Glibc
import SystemPackage

/// All bytes of a file: mapped if it is a regular one, else read to its end.
///
/// The bytes are aligned to at least 8 and live as long as the object.
final class FileContents: @unchecked Sendable {
  /// Immutable after `init`, hence safe to share.
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  init(path: FilePath, didOpen: () -> Void = {}) throws(SystemPackage.Errno) {
    let file = try Self.open(path)
    defer { try? file.close() }
    didOpen()
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw SystemPackage.Errno(rawValue: errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .isDirectory }
    if status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 {
      let size = Int(status.st_size)
      guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0),
        address != MAP_FAILED
      else { throw SystemPackage.Errno(rawValue: errno) }
      madvise(address, size, MADV_SEQUENTIAL)
      bytes = UnsafeRawBufferPointer(start: address, count: size)
      isMapped = true
    } else {
      bytes = try Self.readAll(file)
      isMapped = false
    }
  }

  /// A copy of bytes in memory.
  init(copying source: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(source.count, 8), alignment: 8)
    copy.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(rebasing: copy[..<source.count])
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.baseAddress?.deallocate()
    }
  }

  /// Gives the memory of bytes that are not read again soon back to the kernel, which reads them from the file
  /// if they are.
  func evict(_ range: Range<Int>) {
    let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (first, last) = (range.lowerBound / pageSize, range.upperBound / pageSize)
    guard isMapped, first < last, let base = bytes.baseAddress else { return }
    let pages = UnsafeMutableRawPointer(mutating: base + first * pageSize)
    madvise(pages, (last - first) * pageSize, MADV_DONTNEED)
  }

  private static func open(_ path: FilePath) throws(SystemPackage.Errno) -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch {
      throw error as? SystemPackage.Errno ?? SystemPackage.Errno.ioError
    }
  }

  private static func readAll(_ file: FileDescriptor) throws(SystemPackage.Errno)
    -> UnsafeRawBufferPointer
  {
    var capacity = 1 << 20
    var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
    var count = 0
    while true {
      if count == capacity {
        capacity *= 2
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = larger
      }
      let result = Glibc.read(file.rawValue, buffer.baseAddress! + count, capacity - count)
      if result == 0 { break }
      if result < 0 {
        if errno == EINTR { continue }
        let error = SystemPackage.Errno(rawValue: errno)
        buffer.deallocate()
        throw error
      }
      count += result
    }
    return UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }
}
