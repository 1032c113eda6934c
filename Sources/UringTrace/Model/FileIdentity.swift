import CRecord

/// A file as the kernel has it: what a request works on, whatever its descriptor refers to later.
public struct FileIdentity: Hashable, Sendable {
  /// `struct file *`, the open file.
  public var address: UInt64 = 0
  public var inode: UInt64 = 0
  /// `s_dev` of its file system.
  public var device: UInt32 = 0
  /// Of the inode number, 0 where the file system has none.
  public var generation: UInt32 = 0
  /// The file system's magic number, statfs(2).
  public var fileSystem: UInt32 = 0
  /// `S_IF*` and permissions.
  public var mode: UInt16 = 0

  init() {}

  /// Nil if the record has none.
  package init?(_ record: record_file_identity) {
    guard record.file != 0 else { return nil }
    address = record.file
    inode = record.inode
    device = record.device
    generation = record.generation
    fileSystem = record.file_system
    mode = record.mode
  }

  package var record: record_file_identity {
    record_file_identity(
      file: address, inode: inode, device: device, generation: generation,
      file_system: fileSystem, mode: mode, reserved: 0)
  }

  /// The device as stat(2) reports it: `s_dev` in the coding of `new_encode_dev`.
  package var deviceOfStat: UInt64 {
    let (major, minor) = (UInt64(device >> 20), UInt64(device & 0xfffff))
    return minor & 0xff | major << 8 | (minor & ~0xff) << 12
  }

  /// Pipes, sockets and others whose name is in the identity itself.
  package var ownName: String? {
    switch fileSystem {
    case 0x5049_5045: "pipe:[\(inode)]"  // PIPEFS_MAGIC
    case 0x534f_434b: "socket:[\(inode)]"  // SOCKFS_MAGIC
    default: nil
    }
  }

  /// Whether other open files have the same inode: what /proc shows does not tell which one it is.
  package var isAnonymous: Bool { fileSystem == 0x0904_1934 }  // ANON_INODE_FS_MAGIC
}
