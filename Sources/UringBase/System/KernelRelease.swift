import Glibc

/// The number of a kernel, such as 6.17.
package struct KernelRelease: Comparable {
  package var major: Int
  package var minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// From `uname -r`, nil if it begins otherwise.
  package init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ".").prefix(2).map { $0.prefix { $0.isNumber } }
    guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else {
      return nil
    }
    self.init(major, minor)
  }

  /// The one that runs.
  package static var current: KernelRelease? { KernelRelease(currentText) }

  /// `uname -r`. Not every kernel has /proc/sys.
  package static var currentText: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.release) { CString.decode($0) }
  }

  package static func < (one: KernelRelease, other: KernelRelease) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}
