import Glibc
import UringBase

/// The state of a process's pages, from /proc/PID/pagemap.
///
/// The initializer can block until the process leaves execve: use it in a ``BoundedCall``.
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

  /// Returns the state of the page at an address; nil if the address is outside the address space.
  func entry(of address: UInt64) -> Entry? {
    var bits: UInt64 = 0
    guard pread(descriptor, &bits, 8, off_t(address / pageSize * 8)) == 8 else { return nil }
    return Entry(bits: bits)
  }

  /// True if the pages of all these addresses are present in memory.
  func holds(_ addresses: ClosedRange<UInt64>) -> Bool {
    let pages = addresses.lowerBound / pageSize...addresses.upperBound / pageSize
    return pages.allSatisfy { entry(of: $0 * pageSize)?.isPresent == true }
  }
}
