import Glibc

/// Why a target could not start or has stopped serving.
public struct TargetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of errors that callers treat differently.
  public enum Kind: Sendable, Hashable {
    /// There is no ublk driver. The caller can use the fallback workload.
    case noDriver
    /// The kernel lacks a requested feature.
    case unsupported
    case notPermitted
    /// The configuration is invalid.
    case invalid
    /// A system call failed unexpectedly.
    case system
  }

  public var kind: Kind
  /// The message: one line without a full stop.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// The error for a thread that could not be started. `code` is a positive errno.
  static func thread(_ code: Int32) -> TargetError {
    TargetError("cannot start a thread", code: code)
  }

  /// The error for a failed system call. `code` is a positive errno.
  init(_ what: String, code: Int32) {
    let text = String(cString: strerror(code))
    self.init(code == EPERM || code == EACCES ? .notPermitted : .system, "\(what): \(text)")
  }

  /// The error for a system call that has just failed and set `errno`.
  static func last(_ what: String) -> TargetError { TargetError(what, code: errno) }
}
