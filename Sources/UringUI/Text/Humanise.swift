import UringBase

/// Human-readable numbers with three significant digits and a unit.
enum Humanise {
  /// A duration: 0, 999ns, 1.23µs, 45.6ms, 12.3s, 2m05s, 3h12m, 4d02h; at most six columns.
  static func duration(_ nanoseconds: UInt64) -> String { Figures.alignedDuration(nanoseconds) }

  /// A count: 999, 1.23k, 45.6M, 789G; at most five columns.
  static func count(_ number: UInt64) -> String { scaled(number, base: 1_000, units: metric) }

  /// A rate rounded to whole numbers; "<1" for a very low rate, "-" if it is not known.
  static func rate(_ number: Double?) -> String {
    guard let number else { return "-" }
    if number <= 0 || !number.isFinite { return "0" }
    if number < 0.5 { return "<1" }
    return count(UInt64(min(number.rounded(), 1e18)))
  }

  /// A number of bytes, with powers of 1024: 512, 4.00K, 1.50M.
  static func bytes(_ number: UInt64) -> String { scaled(number, base: 1_024, units: binary) }

  /// Bytes per second; "-" if the rate is not known.
  static func bytesPerSecond(_ number: Double?) -> String {
    number.map { bytes(UInt64(max(0, $0))) + "/s" } ?? "-"
  }

  /// A number of bytes with a unit if it is a multiple of 1024, otherwise in full: 4K, 1M, 4095.
  static func exactBytes(_ number: UInt64) -> String { Figures.exactBytes(number) }

  /// A number of bytes, exact if that has at most four characters: 4K, 4095, but 3.74M for 3828K.
  static func shortBytes(_ number: UInt64) -> String {
    let exact = exactBytes(number)
    return exact.utf8.count <= 4 ? exact : bytes(number)
  }

  static func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

  /// All digits in groups of three: 12,345,678.
  static func grouped(_ number: UInt64) -> String {
    var text = ""
    let digits = Array(String(number))
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  private static let metric = ["", "k", "M", "G", "T", "P", "E"]
  private static let binary = [""] + Figures.binaryPrefixes

  private static func scaled(_ number: UInt64, base: UInt64, units: [String]) -> String {
    var divisor: UInt64 = 1
    var unit = 0
    while number / divisor >= base, unit < units.count - 1 {
      divisor *= base
      unit += 1
    }
    if unit == 0 { return "\(number)" }
    // A number has at most three digits: 999.9k is shown as 1.00M, and 1000K as 0.98M.
    if number / divisor >= 999, Double(number) / Double(divisor) >= 999.5, unit < units.count - 1 {
      return Figures.digits(number, per: divisor * base) + units[unit + 1]
    }
    return Figures.digits(number, per: divisor) + units[unit]
  }
}
