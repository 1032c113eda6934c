import UringSources

/// A recording's time line: position, speed and length.
struct TimelineView {
  var timeline: Timeline

  /// Draws the time line and returns the area of its bar.
  func draw(into canvas: inout Canvas, in rect: Rect) -> Rect {
    var left = rect.x + 1
    left = canvas.put(timeline.isPlaying ? "▶ " : "┃ ", x: left, y: rect.y, style: .warning)
    left = canvas.put(Clock.position(timeline.position), x: left, y: rect.y, style: .value)

    var right = "\(Clock.position(timeline.duration))  ×\(Self.text(timeline.speed))"
    let event =
      "  event \(Humanise.grouped(timeline.event))/\(Humanise.grouped(timeline.eventCount))"
    if rect.width >= 70 { right += event }
    if timeline.isCutOff { right += rect.width >= 100 ? "  cut off: no end record" : "  cut off" }
    let rightX = rect.right - 1 - right.displayWidth
    canvas.put(right, x: rightX, y: rect.y, style: timeline.isCutOff ? .warning : .normal)

    let bar = Rect(x: left + 1, y: rect.y, width: rightX - left - 2, height: 1)
    guard bar.width > 2 else { return bar }
    let part =
      timeline.duration == 0 ? 0 : Double(timeline.position) / Double(timeline.duration)
    let head = Int(Double(bar.width - 1) * max(0, min(1, part)))
    canvas.fill(bar, with: "─", style: .faint)
    canvas.fill(Rect(x: bar.x, y: bar.y, width: head, height: 1), with: "━", style: .bar)
    canvas.put("●", x: bar.x + head, y: bar.y, style: .strong)
    return bar
  }

  /// A speed as "1", "2" or "1/4".
  private static func text(_ speed: Double) -> String {
    if speed >= 1 { return speed == speed.rounded() ? "\(Int(speed))" : "\(speed)" }
    return speed > 0 ? "1/\(Int((1 / speed).rounded()))" : "0"
  }
}
