/// Numbers and durations for people, with three significant digits.
package enum Figures {
  /// `1 request`, `3 requests`.
  package static func count(_ count: some BinaryInteger, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }

  /// A duration for sentences: `1.25 µs`, `12 ms`, `2 min 30 s`, `3 h 12 min`. Trailing zeros are
  /// dropped.
  package static func duration(_ nanoseconds: UInt64) -> String {
    guard let (large, small) = units(of: nanoseconds) else {
      let unit = TimeUnit.largest(in: nanoseconds)
      return number(Double(nanoseconds) / Double(unit.nanoseconds)) + " " + unit.symbol
    }
    let rest = nanoseconds % large.nanoseconds / small.nanoseconds
    let whole = "\(nanoseconds / large.nanoseconds) \(large.abbreviation)"
    return rest == 0 ? whole : whole + " \(rest) \(small.abbreviation)"
  }

  /// The two units in which a long duration is written; nil for a duration short enough for one
  /// unit.
  private static func units(of nanoseconds: UInt64) -> (large: TimeUnit, small: TimeUnit)? {
    switch nanoseconds {
    case ..<99_950_000_000: nil
    case ..<6_000_000_000_000: (.minute, .second)
    case ..<360_000_000_000_000: (.hour, .minute)
    default: (.day, .hour)
    }
  }

  /// A duration for cells of tables and facts, in which trailing zeros keep numbers aligned: `0`,
  /// `999ns`, `1.20µs`, `45.6ms`, `12.3s`, `2m05s`, `3h12m`, `4d02h`. At most six columns.
  package static func alignedDuration(_ nanoseconds: UInt64) -> String {
    if let (large, small) = units(of: nanoseconds) {
      let whole = "\(nanoseconds / large.nanoseconds)\(large.symbol)"
      // From 100 days on, the hours would need a seventh column.
      guard nanoseconds < 100 * TimeUnit.day.nanoseconds else { return whole }
      let rest = nanoseconds % large.nanoseconds / small.nanoseconds
      return whole + padded(rest, to: 2) + small.symbol
    }
    return switch nanoseconds {
    case 0: "0"
    case ..<1_000: "\(nanoseconds)\(TimeUnit.nanosecond.symbol)"
    case ..<999_500: aligned(nanoseconds, in: .microsecond)
    case ..<999_500_000: aligned(nanoseconds, in: .millisecond)
    default: aligned(nanoseconds, in: .second)
    }
  }

  private static func aligned(_ nanoseconds: UInt64, in unit: TimeUnit) -> String {
    digits(nanoseconds, per: unit.nanoseconds) + unit.symbol
  }

  /// A round duration for axes and options, without decimals: `20ms`, `150µs`, `1500ms`.
  package static func wholeDuration(_ nanoseconds: UInt64, upTo limit: TimeUnit = .second) -> String
  {
    let unit = TimeUnit.exact(of: nanoseconds, upTo: limit)
    return "\(nanoseconds / unit.nanoseconds)\(unit.symbol)"
  }

  /// A number without trailing zeros: `1.2`, `123`.
  package static func number(_ value: Double) -> String {
    let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
    let rounded = (value * decimals).rounded() / decimals
    return rounded == rounded.rounded() && rounded.magnitude < 1e15
      ? "\(Int(rounded))" : "\(rounded)"
  }

  /// A quotient with trailing zeros: `1.20`, `12.0`, `123`.
  package static func digits(_ number: UInt64, per divisor: UInt64) -> String {
    let value = Double(number) / Double(divisor)
    let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    let scale: UInt64 = decimals == 2 ? 100 : decimals == 1 ? 10 : 1
    let scaled = UInt64(nearest: value * Double(scale))
    if decimals == 0 { return "\(scaled)" }
    return "\(scaled / scale).\(padded(scaled % scale, to: decimals))"
  }

  /// A number of bytes: with a unit if it is a multiple of 1024, otherwise in full: `4K`, `1M`,
  /// `4095`.
  package static func exactBytes(_ number: UInt64) -> String {
    var (value, unit) = (number, "")
    for prefix in binaryPrefixes where value >= 1_024 && value % 1_024 == 0 {
      (value, unit) = (value / 1_024, prefix)
    }
    return "\(value)\(unit)"
  }

  /// Prefixes of the powers of 1024, in ascending order from 1024.
  package static let binaryPrefixes = ["K", "M", "G", "T", "P", "E"]

  package static func padded(_ number: UInt64, to width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}

extension UInt64 {
  /// The nearest integer: 0 for negative numbers and NaN, the largest integer for larger numbers.
  package init(nearest value: Double) {
    let rounded = value.rounded()
    self = rounded >= 0x1p64 ? .max : rounded > 0 ? UInt64(rounded) : 0
  }
}
