import SystemPackage

/// A failed operation on an output file.
public struct OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  public var path: String
  public var errno: SystemPackage.Errno
  /// The operation that failed.
  public var operation: Operation

  public enum Operation: Hashable, Sendable {
    case create
    case write
    /// Start the thread that writes.
    case startThread
    /// Replace names and addresses in a copy of a recording.
    case redact
  }

  public init(path: String, errno: SystemPackage.Errno, operation: Operation) {
    self.path = path
    self.errno = errno
    self.operation = operation
  }

  public var description: String {
    switch (operation, errno) {
    case (.create, .tooManySymbolicLinkLevels): "cannot write to \(path): it is a symbolic link"
    case (.create, .notSupported): "cannot write to \(path): it is a block device"
    case (.create, _): "cannot write to \(path): \(errno)"
    case (.write, _): "writing \(path) failed: \(errno)"
    case (.startThread, _): "cannot start a thread to write \(path): \(errno)"
    case (.redact, _): "cannot redact: the recording has millions of different names and addresses"
    }
  }
}
