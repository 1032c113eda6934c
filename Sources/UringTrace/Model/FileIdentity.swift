import CRecord

/// A file as the kernel identifies it. A request continues to use this file even if the descriptor
/// in its SQE is closed or reused for another file.
public struct FileIdentity: Hashable, Sendable, BitwiseCopyable {
  /// `struct file *`, the open file.
  public var address: UInt64 = 0
  public var inode: UInt64 = 0
  /// `s_dev` of its file system.
  public var device: UInt32 = 0
  /// Generation of the inode number; 0 if the file system has none.
  public var generation: UInt32 = 0
  /// The file system's magic number, statfs(2).
  public var fileSystem: UInt32 = 0
  /// File type (`S_IF*`) and permissions.
  public var mode: UInt16 = 0
  /// Kind of an anonymous-inode file such as an eventfd; ``AnonymousKind/none`` for other files.
  public var anonymous: AnonymousKind = .none

  init() {}

  public var isSocket: Bool { mode & 0o170000 == 0o140000 }

  /// Reads a record; nil if it identifies no file.
  package init?(_ record: record_file_identity) {
    guard record.file != 0 else { return nil }
    address = record.file
    inode = record.inode
    device = record.device
    generation = record.generation
    fileSystem = record.file_system
    mode = record.mode
    anonymous = record.anonymous
  }

  package var record: record_file_identity {
    record_file_identity(
      file: address, inode: inode, device: device, generation: generation,
      file_system: fileSystem, mode: mode, anonymous: anonymous)
  }

  /// Name in /proc/PID/fd, for files without a path: their identity determines the name. Nil for
  /// other files.
  package var ownName: String? {
    switch fileSystem {
    case FileSystemMagic.pipe: "pipe:[\(inode)]"
    case FileSystemMagic.socket: "socket:[\(inode)]"
    case FileSystemMagic.process: "pidfd:[\(inode)]"
    case FileSystemMagic.anonymous: "anon_inode:\(anonymous.name ?? "")"
    default: nil
    }
  }

  /// True for a regular file or a block device: the offset of a read determines the data that it
  /// returns.
  public var hasOffsets: Bool { [0o100000, 0o060000].contains(mode & 0o170000) }

  /// True if the file system numbers its inodes upwards, so that in practice it never reuses a
  /// number.
  package var hasLastingNumber: Bool {
    [FileSystemMagic.pipe, FileSystemMagic.socket, FileSystemMagic.process, FileSystemMagic.memory]
      .contains(fileSystem)
  }
}

/// Magic numbers, include/uapi/linux/magic.h.
enum FileSystemMagic {
  static let pipe: UInt32 = 0x5049_5045
  static let socket: UInt32 = 0x534f_434b
  static let process: UInt32 = 0x5049_4446
  static let anonymous: UInt32 = 0x0904_1934
  static let memory: UInt32 = 0x0102_1994
}

extension AnonymousKind {
  /// Name in /proc/PID/fd, after `anon_inode:`; nil for an unknown kind.
  package var name: String? {
    switch self {
    case .eventfd: "[eventfd]"
    case .timerfd: "[timerfd]"
    case .epoll: "[eventpoll]"
    case .signalfd: "[signalfd]"
    case .ioUring: "[io_uring]"
    case .pidfd: "[pidfd]"
    case .inotify: "inotify"
    case .userfaultfd: "[userfaultfd]"
    case .perfEvent: "[perf_event]"
    default: nil
    }
  }
}
