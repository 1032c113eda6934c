import Glibc
import UringBase

/// A device by its numbers, as /proc/PID/maps and mountinfo have them.
struct DeviceNumber: Hashable {
  var major: UInt64
  var minor: UInt64

  init?(_ text: some StringProtocol, radix: Int) {
    let parts = text.split(separator: ":").map { UInt64($0, radix: radix) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.major = major
    self.minor = minor
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
  /// 0 without a file.
  var inode: UInt64
  var path: String

  /// The last part of the path.
  var name: String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) }
      ?? path
  }

  /// True if the file is the one of the mapping. On btrfs the numbers differ.
  func names(_ status: stat) -> Bool {
    UInt64(status.st_ino) == inode && DeviceNumber(UInt64(status.st_dev)) == device
  }

  /// Executable mappings: lines of `start-end perms offset device inode path`.
  static func executable(of tgid: UInt32) -> [Mapping] {
    executable(in: Procfs.read("/proc/\(tgid)/maps", limit: 4 << 20) ?? [])
  }

  static func executable(in maps: [UInt8]) -> [Mapping] {
    // By bytes: a path may end in a return, which would be one character with the line feed.
    maps.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
      let fields = bytes.split(separator: UInt8(ascii: " "), maxSplits: 5).map {
        CString.decode($0)
      }
      guard fields.count >= 5, fields[1].contains("x") else { return nil }
      let bounds = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard bounds.count == 2, bounds[0] < bounds[1], let offset = UInt64(fields[2], radix: 16),
        let device = DeviceNumber(fields[3], radix: 16), let inode = UInt64(fields[4])
      else { return nil }
      let path = fields.count > 5 ? oneLine(fields[5].utf8.drop { $0 == UInt8(ascii: " ") }) : ""
      return Mapping(
        range: bounds[0]..<bounds[1], offset: offset, device: device, inode: inode, path: path)
    }
  }
}
