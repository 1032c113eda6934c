import Glibc
import UringBase

/// A regular file that a process has mapped.
///
/// The owner of the process controls the paths of its mappings and can replace files. So no
/// symbolic link in a path is followed, and only regular files are opened.
struct MappedFile: ~Copyable {
  /// Identity of a file and its contents: it changes when the contents change.
  struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var changedSeconds: Int
    var changedNanoseconds: Int
  }

  let identity: Identity
  /// Descriptor of the file, opened with O_PATH.
  private let handle: Int32

  /// Opens the file of a mapping; nil if it is not a regular file or cannot be opened safely.
  ///
  /// - Parameter usesPath: false to open the file only through /proc/PID/map_files, not by its
  ///   path.
  init?(_ mapping: Mapping, of tgid: UInt32, usesPath: Bool) {
    let (start, end) = (mapping.range.lowerBound, mapping.range.upperBound)
    let range = String(start, radix: 16) + "-" + String(end, radix: 16)
    // map_files leads to the mapped file itself, even if it was deleted or is in another mount
    // namespace. It needs CAP_CHECKPOINT_RESTORE.
    var handle = open("/proc/\(tgid)/map_files/\(range)", OpenFlags.path | O_CLOEXEC)
    let isByPath = handle < 0
    if isByPath, usesPath { handle = Self.walk(mapping.path, of: tgid) }
    guard handle >= 0 else { return nil }
    var status = stat()
    guard fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      !isByPath || mapping.names(status)
    else {
      close(handle)
      return nil
    }
    self.handle = handle
    identity = Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      changedSeconds: status.st_ctim.tv_sec, changedNanoseconds: status.st_ctim.tv_nsec)
  }

  deinit { close(handle) }

  /// Returns the result of `body` for a readable descriptor of the file; nil if it cannot be
  /// opened.
  func reading<R>(_ body: (Int32) -> R) -> R? {
    // O_NONBLOCK: otherwise a lease on the file can block the open for 45 seconds.
    let descriptor = open(
      "/proc/self/fd/\(handle)", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return body(descriptor)
  }

  /// Opens a path folder by folder, starting at the root directory of the process. Returns a
  /// descriptor, or a negative number if a component is missing or a symbolic link.
  private static func walk(_ path: String, of tgid: UInt32) -> Int32 {
    guard path.utf8.first == UInt8(ascii: "/") else { return -1 }
    var folder = open("/proc/\(tgid)/root", OpenFlags.path | O_DIRECTORY | O_CLOEXEC)
    let names = path.utf8.split(separator: UInt8(ascii: "/"))
    for (index, name) in names.enumerated() where folder >= 0 {
      let kind = index + 1 < names.count ? O_DIRECTORY : 0
      let next = openat(
        folder, String(Substring(name)), OpenFlags.path | O_NOFOLLOW | O_CLOEXEC | kind)
      close(folder)
      folder = next
    }
    return folder
  }
}
