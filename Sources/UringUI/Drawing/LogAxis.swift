import Glibc

/// A logarithmic axis for times.
struct LogAxis: Hashable, Sendable {
  private var low: Double
  private var high: Double

  /// An axis that covers at least a factor of ten.
  init(from least: UInt64, through greatest: UInt64) {
    low = log10(Double(max(1, least)))
    high = max(log10(Double(max(1, greatest))), low + 1)
  }

  /// The column for a time, if the axis has `width` columns.
  func column(of time: UInt64, width: Int) -> Int {
    let part = (log10(Double(max(1, time))) - low) / (high - low)
    return max(0, min(width - 1, Int(part * Double(width))))
  }

  /// The columns for the times after `start`, up to `end`.
  func columns(after start: UInt64, through end: UInt64, width: Int) -> ClosedRange<Int> {
    let last = column(of: end, width: width)
    let isLeftEnd = log10(Double(max(1, start))) <= low
    return min(isLeftEnd ? 0 : column(of: start, width: width) + 1, last)...last
  }

  /// The powers of ten between the ends of the axis.
  var decades: [UInt64] {
    let first = Int(low.rounded(.up))
    let last = Int(high.rounded(.down))
    return first > last ? [] : (first...last).map { UInt64(pow(10, Double($0)).rounded()) }
  }
}
