import Glibc
import UringBase

/// Why capture is not possible: one line for the user, and the kind of error.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Kinds that a caller may want to distinguish, for instance as exit statuses.
  public enum Kind: Sendable, Hashable {
    /// A capability is missing; the message names it and the command to run.
    case notPermitted
    /// The kernel lacks something indispensable.
    case unsupportedKernel
    /// The kernel refused a program, a map or an attachment.
    case refused
    /// The filter names a process or descriptor that does not exist, or too many.
    case badFilter
    /// Any other system error: memory, descriptors.
    case system
  }

  public var kind: Kind
  /// One line without a full stop.
  public var message: String
  /// Messages of libbpf and the verifier, several lines; empty if there are none.
  public var details: String

  public init(_ kind: Kind, _ message: String, details: String = "") {
    self.kind = kind
    self.message = message
    self.details = details
  }

  /// Error of a refused BPF system call. The advice to the user depends on the errno.
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

  /// The BPF program that the kernel did not load, from libbpf's message; nil if something else failed.
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
