/// Moments as text, in UTC. Unlike the C library's functions, these read no time-zone file.
///
/// Moments are nanoseconds since 1970, without leap seconds.
public enum UTCTime {
  /// `2026-11-28T06:12:59.123Z`
  public static func text(_ nanoseconds: UInt64) -> String {
    let parts = Parts(nanoseconds)
    return parts.date(between: "-") + "T" + parts.time(between: ":") + "."
      + Figures.padded(nanoseconds / 1_000_000 % 1_000, to: 3) + "Z"
  }

  /// `2026-11-28 06:12:59 UTC`
  package static func prose(_ nanoseconds: UInt64) -> String {
    let parts = Parts(nanoseconds)
    return parts.date(between: "-") + " " + parts.time(between: ":") + " UTC"
  }

  /// `20261128T061259Z`, for names of files.
  package static func word(_ nanoseconds: UInt64) -> String {
    let parts = Parts(nanoseconds)
    return parts.date(between: "") + "T" + parts.time(between: "") + "Z"
  }

  private struct Parts {
    var year: UInt64
    var month: UInt64
    var day: UInt64
    /// Seconds of the day.
    var second: UInt64

    init(_ nanoseconds: UInt64) {
      let seconds = nanoseconds / 1_000_000_000
      second = seconds % 86_400
      (year, month, day) = UTCTime.date(daysSince1970: seconds / 86_400)
    }

    func date(between separator: String) -> String {
      Self.joined([(year, 4), (month, 2), (day, 2)], separator)
    }

    func time(between separator: String) -> String {
      Self.joined([(second / 3_600, 2), (second / 60 % 60, 2), (second % 60, 2)], separator)
    }

    private static func joined(
      _ numbers: [(value: UInt64, width: Int)], _ separator: String
    ) -> String {
      numbers.map { Figures.padded($0.value, to: $0.width) }.joined(separator: separator)
    }
  }

  /// The date of a day. The computation lets years begin in March, so that the leap day is the last
  /// day of its year.
  private static func date(
    daysSince1970 days: UInt64
  ) -> (year: UInt64, month: UInt64, day: UInt64) {
    let day = days + 719_468  // since 0000-03-01
    let (era, inEra) = (day / 146_097, day % 146_097)  // 400 years each
    let year = (inEra - inEra / 1_460 + inEra / 36_524 - inEra / 146_096) / 365
    let inYear = inEra - (365 * year + year / 4 - year / 100)
    let month = (5 * inYear + 2) / 153  // 0 is March
    let isNextYear = month >= 10
    return (
      era * 400 + year + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
      inYear - (153 * month + 2) / 5 + 1
    )
  }
}
