import Glibc
import SystemPackage

/// The bytes of a file. They are read piece by piece into buffers.
///
/// The file is not mapped, because it can change while it is open. A mapping would show the
/// changes, and an access beyond the end of a shortened file would raise SIGBUS. A non-regular
/// file, such as a pipe, is read to its end when it is opened.
final class FileContents: Sendable {
  /// Size when the file was opened.
  let count: Int
  private let storage: Storage
  private let buffers = BufferStore()

  private enum Storage: Sendable {
    case memory(FileBytes)
    case file(FileDescriptor)
  }

  /// Maximum number of bytes kept in memory: the content of a non-regular file, or the records
  /// decoded from JSON lines.
  static let mostInMemory = 256 << 20

  /// - Parameter isAcceptable: decides from the first bytes of a non-regular file whether to read
  ///   on. Returns false to stop, or nil if it needs more bytes. It is then called again with more
  ///   bytes.
  init(
    path: FilePath, didOpen: () -> Void = {}, _ isAcceptable: (UnsafeRawBufferPointer) -> Bool?
  ) throws(RecordingError) {
    let file = try Self.open(path)
    didOpen()
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else {
      let error = SystemPackage.Errno(rawValue: errno)
      try? file.close()
      throw .cannotRead(error)
    }
    if status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 {
      count = Int(status.st_size)
      storage = .file(file)
      return
    }
    defer { try? file.close() }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .cannotRead(.isDirectory) }
    let bytes = try Self.readAll(file, isAcceptable)
    count = bytes.bytes.count
    storage = .memory(bytes)
  }

  init(_ bytes: FileBytes) {
    count = bytes.bytes.count
    storage = .memory(bytes)
  }

  /// Copies the bytes of an array.
  convenience init(copying source: [UInt8]) {
    var copy = GrowingBytes()
    source.withUnsafeBytes { copy.append($0) }
    self.init(copy.finish())
  }

  deinit {
    if case .file(let file) = storage { try? file.close() }
  }

  /// Reads a range within ``count``. Returns nil if the file has become shorter.
  func piece(_ range: Range<Int>) throws(SystemPackage.Errno) -> FileBytes? {
    switch storage {
    case .memory(let whole): return FileBytes(range, of: whole)
    case .file(let file):
      let buffer = buffers.take(range.count)
      let piece = FileBytes(buffer, count: range.count, from: buffers)
      var done = 0
      while done < range.count {
        let result = pread(
          file.rawValue, buffer.baseAddress! + done, range.count - done, range.lowerBound + done)
        if result == 0 { return nil }
        if result < 0 {
          if errno == EINTR { continue }
          throw SystemPackage.Errno(rawValue: errno)
        }
        done += result
      }
      return piece
    }
  }

  /// Device and inode of a regular file.
  var identity: FileID? {
    guard case .file(let file) = storage else { return nil }
    return FileID(descriptor: file.rawValue)
  }

  private static func open(_ path: FilePath) throws(RecordingError) -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch {
      throw .cannotRead(error as? SystemPackage.Errno ?? .ioError)
    }
  }

  private static func readAll(
    _ file: FileDescriptor, _ isAcceptable: (UnsafeRawBufferPointer) -> Bool?
  ) throws(RecordingError) -> FileBytes {
    var all = GrowingBytes()
    var isAccepted = false
    while true {
      var result = 0
      all.append(room: 1 << 16) { room in
        repeat {
          result = Glibc.read(file.rawValue, room.baseAddress, room.count)
        } while result < 0 && errno == EINTR
        return max(result, 0)
      }
      if result < 0 { throw .cannotRead(SystemPackage.Errno(rawValue: errno)) }
      if result == 0 { return all.finish() }
      if !isAccepted, let answer = isAcceptable(all.bytes) {
        guard answer else { throw .notARecording }
        isAccepted = true
      }
      if all.count > mostInMemory { throw .tooLong }
    }
  }
}

/// The device and inode of a file, which identify it under any path.
public struct FileID: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64

  private init?(_ status: stat) {
    // Other files have no identity: uringtop compares identities to refuse an output that is its
    // own input, but a pipe or a terminal can be both.
    guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFBLK else {
      return nil
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The identity of an output file; `-` is standard output. Nil if the file does not exist, or is
  /// neither a regular file nor a block device.
  public init?(output path: String) {
    if path == "-" {
      self.init(descriptor: STDOUT_FILENO)
    } else {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      self.init(status)
    }
  }
}
