import Glibc
import UringBase

/// Why capture is not possible: one line for the user, and which class of fault it is.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Classes that a caller may want to tell apart, for instance as exit statuses.
  public enum Kind: Sendable, Hashable {
    /// A capability is missing; the message names it and what to run.
    case notPermitted
    /// The kernel lacks something that nothing works without.
    case unsupportedKernel
    /// The kernel refused a program, a map or an attachment.
    case refused
    /// The filter names a process or descriptor that is not there, or too many.
    case badFilter
    /// Anything of the system's: memory, descriptors.
    case system
  }

  public var kind: Kind
  /// One line without a full stop.
  public var message: String
  /// libbpf's and the verifier's own words, several lines; empty where there are none.
  public var details: String

  public init(_ kind: Kind, _ message: String, details: String = "") {
    self.kind = kind
    self.message = message
    self.details = details
  }

  /// The kernel's answer to BPF system calls: how the user can help depends on the errno.
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

  /// The BPF program that the kernel did not load, by libbpf's own words; nil if something else failed.
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
