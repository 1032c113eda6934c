import Glibc

/// Why a target could not start or has stopped serving.
public struct TargetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Kinds that callers treat differently.
  public enum Kind: Sendable, Hashable {
    /// No ublk driver: use the fallback.
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
  /// One line without a full stop.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// A thread could not be started. `code` is a positive errno.
  static func thread(_ code: Int32) -> TargetError {
    TargetError("cannot start a thread", code: code)
  }

  /// A system call failed. `code` is a positive errno.
  init(_ what: String, code: Int32) {
    let text = String(cString: strerror(code))
    self.init(code == EPERM || code == EACCES ? .notPermitted : .system, "\(what): \(text)")
  }

  /// A system call failed and set `errno`.
  static func last(_ what: String) -> TargetError { TargetError(what, code: errno) }
}
