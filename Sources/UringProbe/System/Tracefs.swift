import CBPF
import Glibc

/// The tracing file system (tracefs), which contains the ids of the tracepoints.
///
/// Few systems without systemd mount tracefs. If it is not mounted, it is opened without a mount
/// point, which needs CAP_SYS_ADMIN.
struct Tracefs: ~Copyable {
  private static let mountPoints = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
  private let folder: Int32

  init() throws(ProbeError) {
    folder = try Self.openEvents()
  }

  private static func openEvents() throws(ProbeError) -> Int32 {
    for path in mountPoints {
      // If tracefs is not mounted, the folder may exist but is empty, so `events` is missing.
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

  /// Returns the id of a tracepoint, from the file `id` in the tracepoint's folder
  /// (Documentation/trace/events.rst).
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
