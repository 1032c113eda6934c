import CBPF
import Glibc
import UringBase

/// Copies of other processes' descriptors (pidfd_getfd), to query their files.
enum DescriptorCopy {
  /// Nanoseconds that a query may take.
  private static let patience: UInt64 = 1_000_000_000

  /// The file's name in /proc (`pipe:[7]`), by which the caller decides whether to query it.
  static func name(_ fd: Int32, of tgid: UInt32) -> String? {
    guard fd >= 0, let link = Procfs.link("/proc/\(tgid)/fd/\(fd)") else { return nil }
    return String(decoding: link, as: UTF8.self)
  }

  /// Calls `body` with a copy of a descriptor; nil if there is none, or no answer.
  ///
  /// Only files that no program serves may be queried: closing any copy sends a message to the file's server, and the
  /// closing process cannot be killed before the server answers.
  static func ask<Answer: Sendable>(
    _ fd: Int32, of tgid: UInt32, _ body: @escaping @Sendable (Int32) -> Answer?
  ) -> Answer? {
    // pidfd_getfd waits for a process that executes another program.
    BoundedCall.run(for: tgid, limit: patience) { () -> Answer? in
      let descriptor = cbpf_take_descriptor(pid_t(tgid), fd)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      return body(descriptor)
    } ?? nil
  }

  static func isPipe(_ name: String) -> Bool { name.hasPrefix("pipe:") }
  static func isSocket(_ name: String) -> Bool { name.hasPrefix("socket:") }
  static func isAnonymous(_ name: String) -> Bool {
    name.hasPrefix("anon_inode:") || name.hasPrefix("pidfd:")
  }
}
