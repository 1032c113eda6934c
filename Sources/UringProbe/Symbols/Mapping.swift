import Glibc
import UringBase

/// A device number, as /proc/PID/maps (hexadecimal) and mountinfo (decimal) show it.
struct DeviceNumber: Hashable {
  var major: UInt64
  var minor: UInt64

  init?(_ text: some StringProtocol, radix: Int) {
    let parts = text.split(separator: ":").map { UInt64($0, radix: radix) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  /// Decodes the kernel's `s_dev` of a file system (include/linux/kdev_t.h).
  init(kernel device: UInt32) {
    major = UInt64(device >> 20)
    minor = UInt64(device & 0xFFFFF)
  }

  /// Decodes `st_dev` of struct stat (gnu_dev_major and gnu_dev_minor of sys/sysmacros.h).
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
  /// Inode of the mapped file; 0 if the mapping has no file.
  var inode: UInt64
  var path: String

  /// Last component of the path.
  var name: String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) }
      ?? path
  }

  /// True if `status` describes the mapped file. Always false on btrfs, where /proc/PID/maps and
  /// stat report different device numbers.
  func names(_ status: stat) -> Bool {
    UInt64(status.st_ino) == inode && DeviceNumber(UInt64(status.st_dev)) == device
  }

  /// Returns the executable mappings of a process.
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
