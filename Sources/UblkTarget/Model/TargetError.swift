import Glibc

/// Why a target could not be started, or stopped serving.
public struct TargetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What a caller decides by.
  public enum Kind: Sendable, Hashable {
    /// There is no ublk driver here: the fallback is the way out.
    case noDriver
    /// The kernel lacks a feature that was asked for.
    case unsupported
    case notPermitted
    /// The configuration makes no sense.
    case invalid
    /// A system call failed that should not have.
    case system
  }

  public var kind: Kind
  /// One line without a full stop.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// A thread that cannot be started; `code` is a positive errno.
  static func thread(_ code: Int32) -> TargetError {
    TargetError("cannot start a thread", code: code)
  }

  /// A failed system call; `code` is a positive errno.
  init(_ what: String, code: Int32) {
    let text = String(cString: strerror(code))
    self.init(code == EPERM || code == EACCES ? .notPermitted : .system, "\(what): \(text)")
  }

  /// A failed system call that left its reason in `errno`.
  static func last(_ what: String) -> TargetError { TargetError(what, code: errno) }
}
