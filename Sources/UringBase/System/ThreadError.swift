/// The system could not create a thread.
public struct ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
  public var errno: Int32

  package init(errno: Int32) { self.errno = errno }

  public var description: String { "cannot start a thread: \(CString.error(errno))" }
}
