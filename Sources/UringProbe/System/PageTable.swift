import Glibc
import UringBase

/// The pages of a process, from /proc/PID/pagemap.
///
/// Opening it can block on the process: use it in a ``BoundedCall``.
struct PageTable: ~Copyable {
  struct Entry {
    fileprivate let bits: UInt64
    var isPresent: Bool { bits >> 63 != 0 }
    var isSwapped: Bool { bits >> 62 & 1 != 0 }
  }

  private let descriptor: Int32
  private let pageSize = UInt64(getpagesize())

  init?(_ tgid: UInt32) {
    descriptor = open("/proc/\(tgid)/pagemap", O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Nil if the process has no such address.
  func entry(of address: UInt64) -> Entry? {
    var bits: UInt64 = 0
    guard pread(descriptor, &bits, 8, off_t(address / pageSize * 8)) == 8 else { return nil }
    return Entry(bits: bits)
  }

  /// True if the pages of all these addresses are in memory.
  func holds(_ addresses: ClosedRange<UInt64>) -> Bool {
    let pages = addresses.lowerBound / pageSize...addresses.upperBound / pageSize
    return pages.allSatisfy { entry(of: $0 * pageSize)?.isPresent == true }
  }
}
