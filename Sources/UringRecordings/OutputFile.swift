import Glibc
import Synchronization
import SystemPackage
import UringBase

/// An output that the user names: a new file, or a stream such as standard output, a FIFO or a
/// device. uringtop writes such outputs only through this class.
///
/// A new file gets its name when it is published or closed. Until then an existing file of that
/// name stays, even if the output is dropped. Symbolic links are never followed, and the contents
/// of an existing file are never changed in place.
public final class OutputFile: Sendable {
  /// The path as the user gave it, or "standard output" for `-`.
  public let path: String
  public let descriptor: FileDescriptor
  private let target: Target
  private let isClosed = Mutex(false)
  /// Advances with each successful call of write(2).
  public let progress = Progress()

  /// Maximum number of bytes per call of write(2): few enough that a slow reader of a pipe takes
  /// them within seconds.
  private static let pieceBytes = 1 << 16

  private enum Target {
    case standardOutput
    /// A FIFO, a device, or a duplicate of one of this process's descriptors.
    case stream
    case new(NewFile)
  }

  /// The user to whom a new file is given.
  public struct Owner: Hashable, Sendable {
    public var uid: UInt32
    public var gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// Starts a new file, or opens a stream.
  ///
  /// A new file is readable only by its owner, because traces name other users' files and
  /// addresses.
  ///
  /// - Parameters:
  ///   - path: `-` for standard output. `/dev/stdout`, `/dev/stderr` and `/dev/fd/N` name
  ///     descriptors of this process.
  ///   - owner: the owner of a new file; nil for the user who runs uringtop.
  public init(creating path: String, owner: Owner?) throws(OutputError) {
    self.path = path == "-" ? "standard output" : path
    if path == "-" {
      descriptor = .standardOutput
      target = .standardOutput
      return
    }
    do throws(SystemPackage.Errno) {
      if let own = Self.ownDescriptor(path) {
        descriptor = FileDescriptor(rawValue: try Self.check(fcntl(own, F_DUPFD_CLOEXEC, 3)))
        target = .stream
        return
      }
      let (folder, name) = try Self.openFolder(of: path)
      if let stream = try Self.openStream(folder, name, owner) {
        Glibc.close(folder)
        descriptor = FileDescriptor(rawValue: stream)
        target = .stream
      } else {
        let file = try NewFile(folder: folder, name: name, owner: owner)
        descriptor = FileDescriptor(rawValue: file.descriptor)
        target = .new(file)
      }
    } catch {
      throw OutputError(path: path, errno: error, operation: .create)
    }
  }

  /// Replaces a regular file, or creates a new one.
  ///
  /// - Parameters:
  ///   - folder: descriptor of an open folder, in which `name` is neither a stream nor a symbolic
  ///     link.
  ///   - mode: permissions of the new file.
  package static func replace(
    _ name: String, in folder: Int32, with bytes: [UInt8], owner: Owner?, mode: UInt32
  ) throws(OutputError) {
    let output: OutputFile
    do throws(SystemPackage.Errno) {
      let own = try check(fcntl(folder, F_DUPFD_CLOEXEC, 3))
      output = OutputFile(try NewFile(folder: own, name: name, owner: owner), path: name)
    } catch {
      throw OutputError(path: name, errno: error, operation: .create)
    }
    try output.write(bytes)
    _ = fchmod(output.descriptor.rawValue, mode)
    try output.close()
  }

  private init(_ file: NewFile, path: String) {
    self.path = path
    descriptor = FileDescriptor(rawValue: file.descriptor)
    target = .new(file)
  }

  deinit {
    if case .stream = target, isClosed.withLock({ !$0 }) { _ = Glibc.close(descriptor.rawValue) }
  }

  /// Creates a file with these bytes and closes it.
  public static func write(_ bytes: [UInt8], to path: String, owner: Owner?) throws(OutputError) {
    let file = try OutputFile(creating: path, owner: owner)
    try file.write(bytes)
    try file.close()
  }

  /// Writes all bytes, with as many calls of write(2) as needed.
  ///
  /// - Parameter written: increased by the number of bytes that each call wrote, even if a later
  ///   call fails.
  public func write(
    _ bytes: UnsafeRawBufferPointer, written: inout Int
  ) throws(OutputError) {
    var offset = 0
    while offset < bytes.count {
      let result = Glibc.write(
        descriptor.rawValue, bytes.baseAddress! + offset,
        min(bytes.count - offset, Self.pieceBytes))
      if result >= 0 {
        progress.advance()
        offset += result
        written += result
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var event = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = poll(&event, 1, -1)
      default: throw lastError(.write)
      }
    }
  }

  public func write(_ bytes: [UInt8]) throws(OutputError) {
    var written = 0
    let result: Result<Void, OutputError> = bytes.withUnsafeBytes { buffer in
      do throws(OutputError) {
        return .success(try write(buffer, written: &written))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// True if the output is a pipe whose readers have all closed it.
  public var isAbandoned: Bool {
    var event = pollfd(fd: descriptor.rawValue, events: 0, revents: 0)
    return poll(&event, 1, 0) > 0 && event.revents & Int16(POLLERR) != 0
  }

  /// Truncates a new file. Does nothing for a stream.
  public func truncate(to length: Int) {
    guard case .new = target else { return }
    if ftruncate(descriptor.rawValue, length) == 0 {
      lseek(descriptor.rawValue, length, SEEK_SET)
    }
  }

  /// Gives a new file its name while it is still being written. Replaces the file that had that
  /// name.
  public func publish() throws(OutputError) {
    guard case .new(let file) = target else { return }
    do {
      try file.publish()
    } catch {
      throw OutputError(path: path, errno: error, operation: .create)
    }
  }

  /// Publishes the file and closes it. Later calls do nothing.
  public func close() throws(OutputError) {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    guard isFirst else { return }
    switch target {
    case .standardOutput: break
    case .stream:
      if Glibc.close(descriptor.rawValue) != 0, errno != EINTR { throw lastError(.write) }
    case .new:
      // Some file systems report a failed write only on close(2). A duplicate is closed here,
      // because the file's own descriptor stays open until the file is freed.
      let copy = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 3)
      if copy >= 0, Glibc.close(copy) != 0, errno != EINTR { throw lastError(.write) }
      try publish()
    }
  }

  private func lastError(_ operation: OutputError.Operation) -> OutputError {
    OutputError(path: path, errno: SystemPackage.Errno(rawValue: errno), operation: operation)
  }
}

// MARK: Paths

extension OutputFile {
  /// The descriptor of this process that a path in /dev or /proc names. Opening that path instead
  /// would start at offset 0 of the file behind it.
  private static func ownDescriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default: break
    }
    for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.utf8.count))
    }
    return nil
  }

  private static func openFolder(
    of path: String
  ) throws(SystemPackage.Errno) -> (folder: Int32, name: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard !["", ".", ".."].contains(name) else { throw .isDirectory }
    let folder = slash.map { String(path[...$0]) } ?? "."
    return (try check(open(folder, OpenFlags.path | O_DIRECTORY | O_CLOEXEC)), name)
  }

  /// Opens the FIFO or device `name`. Returns nil if a new file must be created, because there is
  /// no such file or it is a regular file. Closes `folder` on failure.
  private static func openStream(
    _ folder: Int32, _ name: String, _ owner: Owner?
  ) throws(SystemPackage.Errno) -> Int32? {
    do throws(SystemPackage.Errno) {
      var status = stat()
      if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 {
        if errno == ENOENT { return nil }
        throw SystemPackage.Errno(rawValue: errno)
      }
      if try isReplaced(status, owner) {
        _ = try check(faccessat(folder, name, W_OK, AT_EACCESS))
        return nil
      }
      let flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY
      var stream: Int32
      repeat { stream = openat(folder, name, flags) } while stream < 0 && errno == EINTR
      _ = try check(stream)
      // A regular file may have replaced the stream between fstatat() and openat().
      if fstat(stream, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return stream }
      Glibc.close(stream)
      throw .resourceBusy
    } catch {
      Glibc.close(folder)
      throw error
    }
  }

  /// True for a regular file, which is replaced; false for a stream, which is opened. Throws for
  /// other files.
  private static func isReplaced(
    _ status: stat, _ owner: Owner?
  ) throws(SystemPackage.Errno) -> Bool {
    switch status.st_mode & S_IFMT {
    case S_IFREG: return true
    case S_IFLNK: throw .tooManySymbolicLinkLevels
    case S_IFDIR: throw .isDirectory
    case S_IFBLK: throw .notSupported
    case S_IFIFO:
      // The owner of a FIFO can read uringtop's output. In a shared folder such as /tmp, any user
      // could have created the FIFO.
      guard [0, geteuid(), owner?.uid].contains(status.st_uid) else { throw .permissionDenied }
      return false
    default: return false
    }
  }

  private static func check(_ result: Int32) throws(SystemPackage.Errno) -> Int32 {
    guard result >= 0 else { throw SystemPackage.Errno(rawValue: errno) }
    return result
  }
}
