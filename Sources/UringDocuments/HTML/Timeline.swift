import UringBase
import UringRecordings
import UringTrace

/// Bars over time, as SVG.
struct Timeline {
  /// A part of a bar.
  struct Segment {
    enum Look: String {
      case run, wait, work
    }

    var name: String
    var look: Look
    var start: UInt64
    var end: UInt64
  }

  struct Row {
    var label: String
    var segments: [Segment]
    /// True if the bar continues after the end of the report.
    var isOpen: Bool
  }

  private let rows: [Row]
  private let start: UInt64
  private let end: UInt64

  private static let labelWidth = 190.0
  private static let width = 960.0
  private static let rowHeight = 24.0

  init(_ rows: [Row]) {
    self.rows = rows
    start = rows.compactMap { $0.segments.first?.start }.min() ?? 0
    end = max(rows.compactMap { $0.segments.map(\.end).max() }.max() ?? 0, start + 1)
  }

  func write(to page: inout HTMLWriter) {
    let height = Double(rows.count) * Self.rowHeight + 24
    page.element(
      "svg",
      [
        ("viewBox", "0 0 \(Int(Self.width)) \(Int(height))"), ("role", "img"),
        ("aria-label", "Timeline of \(Figures.count(rows.count, "row"))"),
      ]
    ) { svg in
      writeAxis(height: height, &svg)
      for (index, row) in rows.enumerated() {
        write(row, y: Double(index) * Self.rowHeight, &svg)
      }
    }
  }

  private func x(_ time: UInt64) -> Double {
    let share = Double(time.since(start)) / Double(end - start)
    return Self.labelWidth + min(share, 1) * (Self.width - Self.labelWidth - 30)
  }

  private func writeAxis(height: Double, _ svg: inout HTMLWriter) {
    for part in 0...4 {
      let time = start + (end - start) / 4 * UInt64(part)
      let x = self.x(part == 4 ? end : time)
      svg.shape(
        "line",
        [
          ("class", "axis"), ("x1", x.svg), ("x2", x.svg), ("y1", "0"), ("y2", (height - 18).svg),
        ])
      svg.leaf(
        "text",
        [
          ("class", "label"), ("x", x.svg), ("y", (height - 4).svg),
          ("text-anchor", part == 4 ? "end" : part == 0 ? "start" : "middle"),
        ], "+" + Figures.duration(time.since(start)))
    }
  }

  private func write(_ row: Row, y: Double, _ svg: inout HTMLWriter) {
    svg.element("g") { group in
      group.leaf("title", row.title)
      group.leaf("text", [("x", "0"), ("y", (y + 15).svg)], row.label.shortened(to: 30))
      for segment in row.segments {
        let (from, to) = (x(segment.start), x(segment.end))
        // The minimum keeps short segments visible.
        let width = max(to - from, 1.5)
        group.shape(
          "rect",
          [
            ("class", segment.look.rawValue), ("x", from.svg), ("y", (y + 4).svg),
            ("width", width.svg), ("height", "15"),
          ])
        if width > Double(segment.name.count) * 6.6 + 8 {
          group.leaf("text", [("x", (from + 4).svg), ("y", (y + 15.5).svg)], segment.name)
        }
      }
      let last = x(row.segments.map(\.end).max() ?? start)
      if row.isOpen {
        group.leaf("text", [("x", (last + 3).svg), ("y", (y + 15).svg)], "→")
      } else {
        group.shape(
          "line",
          [
            ("class", "end"), ("x1", last.svg), ("x2", last.svg), ("y1", (y + 2).svg),
            ("y2", (y + 21).svg),
          ])
      }
    }
  }
}

extension Timeline.Row {
  /// The tooltip of the row: its label, and the duration of each segment.
  fileprivate var title: String {
    ([label]
      + segments.map { "\($0.name) \(Figures.duration($0.end.since($0.start)))" }).joined(
        separator: ", ")
  }

  /// A row of a request's steps, from its submission on. Steps recorded on different processors can
  /// be slightly out of order.
  init(request: Request, until now: UInt64) {
    let isOpen = !request.state.isFinal
    let end = max(isOpen ? now : request.lastTime, request.startTime)
    label = "\(request.id) \(request.opcode.name)"
    self.isOpen = isOpen
    let steps = request.steps.sorted { $0.time < $1.time }
    segments = steps.enumerated().compactMap { index, step in
      let next = index + 1 < steps.count ? steps[index + 1].time : end
      let (from, to) = (min(max(step.time, request.startTime), end), min(next, end))
      // The last step of an ended request is its end. It has no duration, so it has no segment.
      guard isOpen || index + 1 < steps.count else { return nil }
      return Timeline.Segment(
        name: "\(JSONNames.step(step.kind))", look: step.kind.look,
        start: from - request.startTime, end: max(from, to) - request.startTime)
    }
    if segments.isEmpty {
      segments = [
        Timeline.Segment(
          name: request.state.name, look: .run, start: 0, end: end - request.startTime)
      ]
    }
  }

  init(leaderOf group: RequestGroup, until now: UInt64) {
    let leader = group.leader
    isOpen = leader.endTime == 0
    let name =
      leader.request == 0
      ? leader.registerOpcode?.name ?? "leader" : "\(leader.request) \(leader.opcode.name)"
    label = "leader \(name)"
    let start = leader.startTime == 0 ? group.startTime : leader.startTime
    segments = [
      Timeline.Segment(
        name: "leader", look: .run, start: start, end: max(isOpen ? now : leader.endTime, start))
    ]
  }

  /// A row of the phases of a group's buffer.
  init(bufferOf group: RequestGroup, until now: UInt64) {
    isOpen = !group.state.isFinal
    label = "buffer of group \(group.id)"
    let end = max(isOpen ? now : group.endTime, group.startTime)
    var marks: [(name: String, look: Timeline.Segment.Look, time: UInt64)] = [
      ("assembling", .run, group.startTime)
    ]
    func add(_ name: String, _ look: Timeline.Segment.Look, _ time: UInt64) {
      guard time != 0, let last = marks.last, time >= last.time, time <= end else { return }
      if time == last.time { marks.removeLast() }
      marks.append((name, look, time))
    }
    add("provided", .work, group.providedTime)
    if group.borrowerCount == 0, group.memberCount > 0 {
      add("members done", .wait, group.membersDoneTime)
    }
    segments = marks.enumerated().map { index, mark in
      Timeline.Segment(
        name: mark.name, look: mark.look, start: mark.time,
        end: index + 1 < marks.count ? marks[index + 1].time : end)
    }
  }

  init(member: RequestGroup.Member, until now: UInt64) {
    isOpen = !member.isDone
    label = "member \(member.request) \(member.opcode.name)"
    let name =
      member.hasResult ? ErrorNumber.text(ofResult: member.result) : isOpen ? "running" : "ended"
    segments = [
      Timeline.Segment(
        name: name, look: .work, start: member.startTime,
        end: max(isOpen ? now : member.endTime, member.startTime))
    ]
  }
}

extension Step.Kind {
  /// The look of the segment that begins with this step.
  fileprivate var look: Timeline.Segment.Look {
    switch self {
    case .deferred, .linked, .pollArmed, .posted: .wait
    case .queuedToWorker, .queuedToWorkerHashed, .taskWorkAdded: .work
    default: .run
    }
  }
}

extension Double {
  /// The number with at most one decimal, for SVG coordinates.
  var svg: String {
    let tenths = (self * 10).rounded()
    guard tenths.magnitude < 1e9 else { return "0" }
    let number = Int(tenths)
    return number % 10 == 0 ? "\(number / 10)" : "\(Double(number) / 10)"
  }
}
