import Glibc
import UringBase

/// A device number, as in /proc/PID/maps and mountinfo.
struct DeviceNumber: Hashable {
  var major: UInt64
  var minor: UInt64

  init?(_ text: some StringProtocol, radix: Int) {
    let parts = text.split(separator: ":").map { UInt64($0, radix: radix) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  /// The `s_dev` of a file system, include/linux/kdev_t.h.
  init(kernel device: UInt32) {
    major = UInt64(device >> 20)
    minor = UInt64(device & 0xFFFFF)
  }

  /// The `st_dev` of a file (gnu_dev_major and gnu_dev_minor of sys/sysmacros.h).
  init(_ device: UInt64) {
    major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
    minor = device & 0xFF | device >> 12 & ~0xFF
  }
}

/// An executable mapping of a process.
struct Mapping: Equatable {
  var range: Range<UInt64>
  var offset: UInt64
  var device: DeviceNumber
  /// 0 if there is no file.
  var inode: UInt64
  var path: String

  /// Last component of the path.
  var name: String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) }
      ?? path
  }

  /// True if `status` is that of the mapped file. On btrfs the device numbers differ.
  func names(_ status: stat) -> Bool {
    UInt64(status.st_ino) == inode && DeviceNumber(UInt64(status.st_dev)) == device
  }

  /// Executable mappings.
  static func executable(of tgid: UInt32) -> [Mapping] {
    executable(in: Procfs.read("maps", of: tgid, limit: 4 << 20) ?? [])
  }

  static func executable(in maps: [UInt8]) -> [Mapping] {
    MapsLine.all(in: maps).compactMap { line in
      let fields = line.fields
      guard fields.count >= 4, line.permissions.contains("x"),
        let offset = UInt64(fields[1], radix: 16),
        let device = DeviceNumber(fields[2], radix: 16), let inode = UInt64(fields[3])
      else { return nil }
      let path = fields.count > 4 ? oneLine(fields[4].utf8.drop { $0 == UInt8(ascii: " ") }) : ""
      return Mapping(range: line.range, offset: offset, device: device, inode: inode, path: path)
    }
  }
}
