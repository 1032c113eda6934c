import UringBase
import UringTrace

/// A time axis that maps a span of time to the columns of a line.
struct TimeAxis: Hashable, Sendable {
  var start: UInt64
  var end: UInt64
  /// The time to which the labels refer; not before ``start``.
  var origin: UInt64

  init(from start: UInt64, to end: UInt64, origin: UInt64? = nil) {
    self.start = start
    self.end = max(end, start + 1)
    self.origin = min(max(origin ?? start, start), self.end)
  }

  var length: UInt64 { end - start }

  /// The column for a time, if the axis has `width` columns. Times outside the axis map to the
  /// nearest column.
  func column(of time: UInt64, width: Int) -> Int {
    guard time > start else { return 0 }
    let part = Double(min(time, end) - start) / Double(length)
    return max(0, min(width - 1, Int(part * Double(width))))
  }

  /// A bar between two times. An arrow marks an end outside the axis.
  func bar(from: UInt64, to: UInt64, isOpen: Bool = false, width: Int) -> String {
    guard width > 0 else { return "" }
    if to < start { return "◀" }
    if from > end { return String(repeating: " ", count: width - 1) + "▶" }
    let first = column(of: from, width: width)
    let last = max(first, column(of: to > from ? to - 1 : to, width: width))
    var bar = Array(repeating: Character("█"), count: last - first + 1)
    if isOpen || to > end { bar[bar.count - 1] = "▶" }
    if from < start { bar[0] = "◀" }
    return String(repeating: " ", count: first) + String(bar)
  }

  /// A character at the column of a time.
  func mark(_ time: UInt64, _ character: Character, width: Int) -> String {
    guard width > 0 else { return "" }
    let character: Character = time < start ? "◀" : time > end ? "▶" : character
    return String(repeating: " ", count: column(of: time, width: width)) + String(character)
  }

  /// A spark line of the time that spans cover in each column; blank where there is no span.
  func load(_ spans: [(from: UInt64, to: UInt64)], width: Int) -> String {
    guard width > 0 else { return "" }
    var sums = Array(repeating: UInt64(0), count: width)
    let step = Double(length) / Double(width)
    for span in spans where span.to >= start && span.from <= end {
      let first = column(of: span.from, width: width)
      let last = max(first, column(of: span.to > span.from ? span.to - 1 : span.to, width: width))
      for column in first...last {
        let low = max(Double(span.from > start ? span.from - start : 0), Double(column) * step)
        let high = min(Double(min(span.to, end) - start), Double(column + 1) * step)
        sums[column] = sums[column].addingSaturated(
          UInt64(nearest: max(1, (high - low).rounded(.down))))
      }
    }
    return Bars.spark(sums)
  }

  /// Nanoseconds of the axis that no span covers.
  func idle(_ spans: [(from: UInt64, to: UInt64)]) -> UInt64 {
    var idle: UInt64 = 0
    var covered = start
    for span in spans.sorted(by: { $0.from < $1.from }) {
      let from = min(max(span.from, start), end)
      if from > covered { idle += from - covered }
      covered = max(covered, min(span.to, end))
    }
    return idle + (end > covered ? end - covered : 0)
  }

  /// Labels of times since the origin at round distances: "┬0────┬20ms──┬40ms".
  func scale(width: Int) -> String {
    guard width > 0 else { return "" }
    let least = Double(length) * 8 / Double(width)
    var step: UInt64 = 1
    while Double(step) < least { step = next(after: step) }
    var line = Array(repeating: Character("─"), count: width)
    var time: UInt64 = 0
    var free = 0
    while origin + time < end {
      let column = column(of: origin + time, width: width)
      let text = time == 0 ? "0" : Figures.wholeDuration(time)
      if column >= free, column + text.count + 1 <= width {
        line[column] = "┬"
        for (index, character) in text.enumerated() { line[column + 1 + index] = character }
        free = column + text.count + 2
      }
      time += step
    }
    return String(line)
  }

  /// The step that follows in the series 1, 2, 5, 10, 20 …
  private func next(after step: UInt64) -> UInt64 {
    var power = step
    while power % 10 == 0 { power /= 10 }
    return power == 2 ? step / 2 * 5 : step * 2
  }
}
