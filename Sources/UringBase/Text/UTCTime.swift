/// A moment as text: `2026-11-28T06:12:59.123Z`.
public enum UTCTime {
  /// - Parameter nanoseconds: since 1970, without leap seconds.
  public static func text(_ nanoseconds: UInt64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    let second = milliseconds / 1_000 % 86_400
    let (year, month, day) = date(daysSince1970: milliseconds / 86_400_000)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(second / 3_600, 2))"
      + ":\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\(padded(milliseconds % 1_000, 3))Z"
  }

  /// Years begin in March here, so that the leap day is the last of its year.
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

  private static func padded(_ number: UInt64, _ width: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
