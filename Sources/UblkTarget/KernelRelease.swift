import UringTrace

/// The number of a kernel, such as 6.17.
struct KernelRelease: Comparable {
  var major: Int
  var minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// From `uname -r`, nil if it begins otherwise.
  init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ".").prefix(2).map { $0.prefix { $0.isNumber } }
    guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else {
      return nil
    }
    self.init(major, minor)
  }

  /// The one that runs.
  static var current: KernelRelease? {
    Procfs.text("/proc/sys/kernel/osrelease").flatMap { KernelRelease($0) }
  }

  static func < (one: KernelRelease, other: KernelRelease) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}
