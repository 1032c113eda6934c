import UringTrace

/// Latencies of an opcode by second over the last minute: p99 as bars, p50 as dots, on a linear scale.
struct LatencyTimeChart {
  var latency: OpcodeLatency
  /// End of the time axis; nanoseconds, CLOCK_MONOTONIC.
  var now: UInt64
  /// True if only requests since a reset are counted.
  var isReset = false

  private static let span: UInt64 = 60
  private static let second: UInt64 = 1_000_000_000
  /// Columns for the numbers of the scale. The numbers are upper bounds, as all numbers of a
  /// ``LatencySecond`` are.
  private static let margin = 9

  /// Minimum number of rows of the chart: a title, three rows of bars and the time axis.
  static let minimumHeight = 5

  /// The latencies in each second of the axis, oldest first; nil if no request completed.
  var seconds: [LatencySecond?] {
    var all = [LatencySecond?](repeating: nil, count: Int(Self.span))
    let last = now / Self.second
    for second in latency.seconds {
      let age = last.since(second.start / Self.second)
      if age < Self.span { all[Int(Self.span - 1 - age)] = second }
    }
    return all
  }

  func draw(into canvas: inout Canvas, in rect: Rect) {
    var area = rect
    let title = area.takeTop(1)
    let seconds = seconds
    canvas.put(
      " by second:  █ p99  • p50", x: title.x, y: title.y, style: .label, limit: title.width)
    guard let top = seconds.compactMap({ $0?.p99 }).max() else {
      return canvas.put(
        notice: isReset
          ? "no request completed in the seconds after the reset"
          : "no request completed in the last minute", in: area)
    }
    let scale = area.takeLeft(Self.margin)
    let axis = area.takeBottom(1)
    area.width -= 1
    canvas.putRight(
      "≤ " + Humanise.duration(top), x: scale.x, y: area.y, width: Self.margin - 1,
      style: .label)
    canvas.putRight(
      "0", x: scale.x, y: area.bottom - 1, width: Self.margin - 1, style: .label)
    drawBars(seconds, top: top, into: &canvas, in: area)
    drawAxis(into: &canvas, in: axis, width: area.width)
  }

  /// The second that a column shows. If the column stands for several seconds, it is the slowest of
  /// them.
  private func column(_ index: Int, of width: Int, _ seconds: [LatencySecond?]) -> LatencySecond? {
    let first = index * seconds.count / width
    let end = max(first + 1, (index + 1) * seconds.count / width)
    return seconds[first..<end].compactMap { $0 }.max { $0.p99 < $1.p99 }
  }

  private func drawBars(
    _ seconds: [LatencySecond?], top: UInt64, into canvas: inout Canvas, in area: Rect
  ) {
    guard area.width > 0, area.height > 0 else { return }
    let shown = (0..<area.width).map { column($0, of: area.width, seconds) }
    for (line, text) in Bars.columns(shown.map { $0?.p99 ?? 0 }, height: area.height).enumerated() {
      canvas.put(text, x: area.x, y: area.y + line, style: .bar)
    }
    for (index, second) in shown.enumerated() {
      guard let second else { continue }
      let share = Double(second.p50) / Double(max(1, top))
      let line = min(area.height - 1, Int(share * Double(area.height)))
      canvas.put("•", x: area.x + index, y: area.bottom - 1 - line, style: .value)
    }
  }

  private func drawAxis(into canvas: inout Canvas, in axis: Rect, width: Int) {
    canvas.fill(axis, with: "─", style: .faint)
    for age in stride(from: 60, through: 15, by: -15) {
      let x = axis.x + (60 - age) * width / 60
      canvas.put(age == 60 ? "60s ago" : "\(age)s", x: x, y: axis.y, style: .label)
    }
    canvas.putRight("0s", x: axis.x, y: axis.y, width: axis.width, style: .label)
  }
}
