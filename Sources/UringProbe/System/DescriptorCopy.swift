import CBPF
import Glibc
import UringBase

/// Copies of other processes' descriptors (pidfd_getfd), with which the state of their files is
/// queried.
enum DescriptorCopy {
  /// Nanoseconds that a query may take.
  private static let patience: UInt64 = 1_000_000_000

  /// Returns the name of a descriptor's file in /proc (`pipe:[7]`). It shows the caller whether the
  /// file may be queried.
  static func name(_ fd: Int32, of tgid: UInt32) -> String? {
    guard fd >= 0, let link = Procfs.link("/proc/\(tgid)/fd/\(fd)") else { return nil }
    return String(decoding: link, as: UTF8.self)
  }

  /// Returns the result of `body` for a copy of a descriptor; nil if the copy cannot be made or the
  /// call takes too long.
  ///
  /// Only files of the kernel's own file systems may be queried. If a program serves the file
  /// (FUSE), closing the copy sends a message to that program, and uringtop could not be killed
  /// before the program answers.
  static func ask<Answer: Sendable>(
    _ fd: Int32, of tgid: UInt32, _ body: @escaping @Sendable (Int32) -> Answer?
  ) -> Answer? {
    // pidfd_getfd can block while the process is in execve.
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
