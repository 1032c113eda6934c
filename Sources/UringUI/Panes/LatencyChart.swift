import UringBase
import UringTrace

/// The large histogram of an opcode, with percentiles and stages beside it.
struct LatencyChart {
  var latency: OpcodeLatency
  var axis: LogAxis

  /// Minimum number of rows of the histogram if there is another chart.
  static let minimumHeight = 7

  /// The number by which ``counts(_:axis:width:)`` multiplies numbers of requests.
  static let scale: UInt64 = 1_000

  /// Requests for each column of the axis, multiplied by ``scale``. A bucket that is wider than a
  /// column is spread over all its columns.
  static func counts(_ latency: OpcodeLatency, axis: LogAxis, width: Int) -> [UInt64] {
    var counts = Array(repeating: UInt64(0), count: max(1, width))
    for bucket in latency.buckets {
      let columns = axis.columns(
        after: bucket.boundBelow, through: bucket.upperBound, width: counts.count)
      let part = Double(bucket.count) * Double(scale) / Double(columns.count)
      for column in columns { counts[column] += max(1, UInt64(min(part, 1e15))) }
    }
    return counts
  }

  static func spark(_ latency: OpcodeLatency, axis: LogAxis, width: Int) -> String {
    width > 0 ? Bars.spark(counts(latency, axis: axis, width: width)) : ""
  }

  func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene) {
    var area = rect
    let title = area.takeTop(1)
    let ring = scene.ring(latency.ring).map { scene.label(of: $0) } ?? "ring \(latency.ring)"
    let end = canvas.put(
      " \(Names.opcode(latency.opcode)) ", x: title.x, y: title.y, style: .titleFocused)
    canvas.put(ring, x: end, y: title.y, style: .faint, limit: title.right - end)

    let beside = 18
    var bars = area.takeLeft(max(10, area.width - beside))
    bars.width -= 2
    bars.x += 1
    drawNumbers(into: &canvas, in: area)

    let labels = bars.takeBottom(1)
    let counts = Self.counts(latency, axis: axis, width: bars.width)
    for (line, text) in Bars.columns(counts, height: bars.height).enumerated() {
      canvas.put(text, x: bars.x, y: bars.y + line, style: .bar)
    }
    canvas.fill(labels, with: "─", style: .faint)
    var free = labels.x
    for decade in axis.decades {
      let text = Figures.wholeDuration(decade)
      let x = labels.x + axis.column(of: decade, width: labels.width)
      if x >= free, x + text.displayWidth <= labels.right {
        free = canvas.put(text, x: x, y: labels.y, style: .label) + 1
      }
    }
  }

  private func drawNumbers(into canvas: inout Canvas, in rect: Rect) {
    var area = rect
    let summary = latency.summary
    let numbers: [(String, String)] = [
      ("p50", Humanise.duration(summary.p50)), ("p90", Humanise.duration(summary.p90)),
      ("p99", Humanise.duration(summary.p99)), ("p99.9", Humanise.duration(summary.p999)),
      ("max", Humanise.duration(summary.max)),
      ("mean", Humanise.duration(UInt64(nearest: summary.mean.rounded(.down)))),
      ("count", Humanise.count(summary.count)),
    ]
    // If there is little room, the stages are drawn first, because the table also shows the
    // percentiles.
    let isShort = area.height < numbers.count + 2
    let stages = isShort ? area.takeTop(min(latency.stageShares.count, 3)) : area
    for (line, (name, value)) in numbers.enumerated() where line < area.height {
      canvas.put(name, x: area.x, y: area.y + line, style: .label)
      canvas.putRight(
        value, x: area.x + 6, y: area.y + line, width: min(9, area.width - 6), style: .value)
    }
    for (line, text) in latency.stageShares.enumerated() {
      let y = stages.y + (isShort ? 0 : numbers.count + 1) + line
      if y < stages.bottom { canvas.put(text, x: stages.x, y: y, limit: stages.width) }
    }
  }
}
