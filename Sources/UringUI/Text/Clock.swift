import Glibc
import UringBase
import UringTrace

/// Formats and parses times of day and times since the start.
enum Clock {
  /// The local time of a snapshot, "12:34:56"; empty if it is unknown, as in a redacted recording.
  static func timeOfDay(_ snapshot: Snapshot) -> String {
    guard snapshot.host.startRealtime != 0 else { return "" }
    let since = snapshot.time.since(snapshot.host.startTime)
    var seconds = time_t((snapshot.host.startRealtime + since) / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { Figures.padded(UInt64(max(0, $0)), to: 2) }.joined(separator: ":")
  }

  /// The time since the start in seconds, with microseconds: "12.345678".
  static func offset(_ time: UInt64, from start: UInt64) -> String {
    let before = time < start
    let microseconds = (before ? start - time : time - start) / 1_000
    return (before ? "-" : "")
      + "\(microseconds / 1_000_000).\(Figures.padded(microseconds % 1_000_000, to: 6))"
  }

  /// A position on the time line in seconds, with milliseconds: "12.345s".
  static func position(_ nanoseconds: UInt64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    return "\(milliseconds / 1_000).\(Figures.padded(milliseconds % 1_000, to: 3))s"
  }

  /// Nanoseconds from a moment until a time of day, "14:05", "14:05:09" or "14:05:09.25"; nil if
  /// the text is not a time of day.
  ///
  /// - Parameter realtime: the moment, CLOCK_REALTIME.
  static func parseTimeOfDay(_ text: String, after realtime: UInt64) -> UInt64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard 2...3 ~= parts.count, let hour = UInt64(parts[0]), let minute = UInt64(parts[1]),
      hour < 24, minute < 60,
      let fraction = parts.count == 2 ? 0 : Quantity.duration(parts[2] + "s"),
      fraction < 60_000_000_000, parts.count == 2 || parts[2].first?.isNumber == true
    else { return nil }
    var seconds = time_t(realtime / 1_000_000_000)
    var start = tm()
    localtime_r(&seconds, &start)
    let startOfDay = [start.tm_hour * 3600, start.tm_min * 60, start.tm_sec].reduce(0, +)
    let from = UInt64(max(0, startOfDay)) * 1_000_000_000 + realtime % 1_000_000_000
    let to = (hour * 3600 + minute * 60) * 1_000_000_000 + fraction
    let day: UInt64 = 86_400_000_000_000
    return to >= from ? to - from : to + day - from
  }

  /// Nanoseconds of a duration as users type it: "2", "2.5", "2.5s", "300ms", "40us", "1m",
  /// "1m30s". Nil for other text.
  static func parse(_ text: String) -> UInt64? {
    let text = text.filter { $0 != " " }
    // A last number without a unit is in seconds.
    return Quantity.duration(text) ?? Quantity.duration(text + "s")
  }
}
