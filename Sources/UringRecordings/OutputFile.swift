import Glibc
import SystemPackage

/// An output that failed.
public struct OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  public var path: String
  public var errno: SystemPackage.Errno
  /// The operation that failed.
  public var operation: Operation

  public enum Operation: Hashable, Sendable {
    case create
    case write
    /// To start the thread that writes.
    case startThread
  }

  public init(path: String, errno: SystemPackage.Errno, operation: Operation) {
    self.path = path
    self.errno = errno
    self.operation = operation
  }

  public var description: String {
    switch operation {
    case .create: "cannot write to \(path): \(errno)"
    case .write: "writing \(path) failed: \(errno)"
    case .startThread: "cannot start a thread to write \(path): \(errno)"
    }
  }
}

/// A file, or standard output, that is written from its start to its end.
public struct OutputFile: Sendable {
  /// As the user named it.
  public let path: String
  public let descriptor: FileDescriptor
  /// Whether ``truncate(to:)`` and ``close()`` apply.
  private let isOwned: Bool

  /// Who a new file is given to.
  public struct Owner: Hashable, Sendable {
    public var uid: UInt32
    public var gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// Creates a file or empties an existing one.
  ///
  /// Traces name other users' files and addresses: a new file is readable by its owner alone. A file
  /// that exists keeps its owner and mode.
  ///
  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - owner: of a new file, nil leaves it to the user who runs uringtop.
  public init(creating path: String, owner: Owner?) throws(OutputError) {
    self.path = path == "-" ? "standard output" : path
    if path == "-" {
      descriptor = .standardOutput
      isOwned = false
      return
    }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY
    var result = Self.retrying { Glibc.open(path, flags | O_EXCL, 0o600) }
    if result >= 0 {
      if let owner { _ = fchown(result, owner.uid, owner.gid) }
    } else if errno == EEXIST {
      result = Self.retrying { Glibc.open(path, flags | O_TRUNC, 0o600) }
    }
    guard result >= 0 else {
      throw OutputError(path: path, errno: SystemPackage.Errno(rawValue: errno), operation: .create)
    }
    descriptor = FileDescriptor(rawValue: result)
    isOwned = true
  }

  /// Writes all bytes, however many calls it takes.
  ///
  /// - Parameter written: raised by what each call wrote, also when a later one fails.
  public func write(
    _ bytes: UnsafeRawBufferPointer, written: inout Int
  ) throws(OutputError) {
    var offset = 0
    while offset < bytes.count {
      let result = Glibc.write(
        descriptor.rawValue, bytes.baseAddress! + offset, min(bytes.count - offset, 1 << 30))
      if result >= 0 {
        offset += result
        written += result
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var event = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = poll(&event, 1, -1)
      default:
        throw OutputError(
          path: path, errno: SystemPackage.Errno(rawValue: errno), operation: .write)
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

  /// Cuts a regular file; others keep what they have.
  public func truncate(to length: Int) {
    guard isOwned else { return }
    if ftruncate(descriptor.rawValue, length) == 0 {
      lseek(descriptor.rawValue, length, SEEK_SET)
    }
  }

  /// Closes the file. Some file systems report a failed write only here.
  public func close() throws(OutputError) {
    guard isOwned else { return }
    if Glibc.close(descriptor.rawValue) != 0, errno != EINTR {
      throw OutputError(path: path, errno: SystemPackage.Errno(rawValue: errno), operation: .write)
    }
  }

  private static func retrying(_ call: () -> Int32) -> Int32 {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}
