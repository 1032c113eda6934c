import Glibc
import UringBase

/// The reason why capture is not possible: one line for the user, and the kind of error.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Kinds of error that a caller may have to distinguish, for example by exit status.
  public enum Kind: Sendable, Hashable {
    /// A capability is missing; the message names it and a command that grants it.
    case notPermitted
    /// The kernel lacks a feature without which capture is not possible.
    case unsupportedKernel
    /// The kernel refused a program, a map or an attachment.
    case refused
    /// The filter names a process, descriptor or cgroup that does not exist, or too many of them.
    case badFilter
    /// Any other system error, such as a lack of memory or descriptors.
    case system
  }

  public var kind: Kind
  /// One line without a full stop.
  public var message: String
  /// Messages of libbpf and of the kernel's verifier, one or more lines; empty if there are none.
  public var details: String

  public init(_ kind: Kind, _ message: String, details: String = "") {
    self.kind = kind
    self.message = message
    self.details = details
  }

  /// Returns the error for a refused BPF system call. EPERM and a lack of resources determine the
  /// kind; any other errno gives `kind`.
  static func refusal(_ errno: Int32, otherwise kind: Kind, _ message: String, details: String = "")
    -> ProbeError
  {
    let code = abs(errno)
    let kind: Kind =
      switch code {
      case EPERM: .notPermitted
      case _ where isShortage(code): .system
      default: kind
      }
    let hint =
      code == EPERM && !Namespace.user.isInitial
      ? " (capabilities within a user namespace are not enough)" : ""
    return ProbeError(kind, "\(message): \(errorText(code))\(hint)", details: details)
  }

  /// Name of the BPF program that the kernel refused to load, from libbpf's messages; nil if
  /// another step failed.
  var refusedProgram: String? {
    let (start, end) = ("prog '", "': failed to load")
    for line in details.split(separator: "\n").reversed() {
      guard let name = line.firstRange(of: start)?.upperBound,
        let rest = line[name...].firstRange(of: end)?.lowerBound
      else { continue }
      return String(line[name..<rest])
    }
    return nil
  }

  static func thread(_ errno: Int32) -> ProbeError {
    ProbeError(.system, "cannot start a thread: \(errorText(errno))")
  }

  public var description: String { message }
}
