import CBPF
import Glibc

/// The tracing file system, which contains the ids of the tracepoints.
///
/// Few systems without systemd mount it. With CAP_SYS_ADMIN, it is then opened without a mount point.
struct Tracefs: ~Copyable {
  private static let mountPoints = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
  private let folder: Int32

  init() throws(ProbeError) {
    folder = try Self.openEvents()
  }

  private static func openEvents() throws(ProbeError) -> Int32 {
    for path in mountPoints {
      // without tracefs the mount point may exist, and is empty
      let folder = open(path + "/events", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if folder >= 0 { return folder }
      guard errno == ENOENT else {
        throw ProbeError(.refused, "cannot open tracefs: \(errorText(errno))")
      }
    }
    let root = cbpf_unmounted_tracefs()
    guard root >= 0 else {
      throw ProbeError(
        .refused, "tracefs is not mounted (mount -t tracefs tracefs \(mountPoints[0]))")
    }
    defer { close(root) }
    let folder = openat(root, "events", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw ProbeError(.refused, "cannot open tracefs: \(errorText(errno))")
    }
    return folder
  }

  deinit { close(folder) }

  /// Number of a tracepoint, from Documentation/trace/events.rst: the file `id` in the folder of the event.
  func identifier(of tracepoint: String, in group: String) throws(ProbeError) -> UInt64 {
    let path = "\(group)/\(tracepoint)/id"
    let file = openat(folder, path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw ProbeError(.refused, "tracefs has no events/\(path): \(errorText(errno))")
    }
    defer { close(file) }
    var digits = [UInt8](repeating: 0, count: 32)
    let count = read(file, &digits, digits.count)
    let text = String(decoding: digits.prefix(max(count, 0)), as: UTF8.self)
    guard let number = UInt64(text.trimmingNewline()) else {
      throw ProbeError(.refused, "events/\(path) of tracefs is not a number")
    }
    return number
  }
}
