import Glibc

/// The version of a kernel, such as 6.17.
package struct KernelRelease: Comparable {
  package var major: Int
  package var minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Parses the output of `uname -r`; nil if it does not begin with a version.
  package init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ".").prefix(2).map { $0.prefix { $0.isNumber } }
    guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else {
      return nil
    }
    self.init(major, minor)
  }

  /// The running kernel's release.
  package static var current: KernelRelease? { KernelRelease(currentText) }

  /// The output of `uname -r`. Uses uname(2), because some kernels lack /proc/sys.
  package static var currentText: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.release) { CString.decode($0) }
  }

  package static func < (one: KernelRelease, other: KernelRelease) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}
