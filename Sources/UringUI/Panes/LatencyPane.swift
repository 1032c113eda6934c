import UringFields
import UringTrace

/// Latencies from submission to completion, by ring and opcode: percentiles, and a histogram for
/// each opcode. If there is room, a large histogram of the selected opcode and its latencies by
/// second are drawn below.
struct LatencyPane: TablePane {
  var table = Table<OpcodeLatency>(
    columns: Self.columns, fields: .latency, sortedBy: "COUNT", id: { $0.rowID })
  private var tableHeight = 0
  /// The moment from which latencies are counted; nil for the start of the capture.
  private var reset: LatencyReset?

  init() {}

  private static func latencies(in snapshot: Snapshot, since reset: LatencyReset?)
    -> [OpcodeLatency]
  {
    reset?.latencies(in: snapshot) ?? snapshot.latency
  }

  var name: String { "Latency" }

  func summary(_ scene: Scene) -> String {
    "\(table.count)" + (filter.isEmpty ? "" : " of \(table.unfilteredCount), \"\(filter)\"")
  }

  var resets: Bool { true }

  mutating func reset(_ scene: Scene) {
    reset = LatencyReset(scene.snapshot)
    update(scene)
  }

  mutating func endReset(_ scene: Scene) {
    reset = nil
    update(scene)
  }

  mutating func update(_ scene: Scene) {
    var includes: (@Sendable (OpcodeLatency) -> Bool)?
    if let ring = scene.ring { includes = { $0.ring == ring } }
    // A replay can go back to a time before the reset.
    if let reset, scene.now < reset.time { self.reset = nil }
    table.update(Self.latencies(in: scene.snapshot, since: reset), scene: scene, includes: includes)
  }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    var area = rect
    if let reset, area.height > 3 {
      let line = area.takeBottom(1)
      let age = Humanise.duration(scene.age(since: reset.time))
      canvas.put(
        "since the reset \(age) ago; Z counts from the start again", x: line.x + 1, y: line.y,
        style: .faint, limit: line.width - 1)
    }
    var chart: Rect?
    if area.height >= 14, table.count > 0 {
      chart = area.takeBottom(max(9, area.height - table.count - 2, area.height / 2))
    }
    tableHeight = area.height
    table.draw(
      into: &canvas, in: area, scene: scene, isFocused: isFocused,
      emptyText: "no request has completed " + (reset == nil ? "yet" : "since the reset"))
    if let chart, let row = table.selectedRow {
      var histogram = chart
      let least = LatencyTimeChart.minimumHeight
      if histogram.height >= LatencyChart.minimumHeight + least {
        LatencyTimeChart(latency: row, now: scene.now, isReset: reset != nil).draw(
          into: &canvas, in: histogram.takeBottom(max(least, histogram.height * 2 / 5)))
      }
      LatencyChart(latency: row, axis: Self.axis(scene)).draw(
        into: &canvas, in: histogram, scene: scene)
    }
  }

  /// The common axis of all rows shown, so that their histograms can be compared.
  static func axis(_ scene: Scene) -> LogAxis {
    var least = UInt64.max
    var greatest: UInt64 = 0
    for latency in scene.snapshot.latency where scene.ring == nil || latency.ring == scene.ring {
      guard let first = latency.buckets.first, let last = latency.buckets.last else { continue }
      least = min(least, first.boundBelow)
      greatest = max(greatest, last.upperBound)
    }
    return LogAxis(from: min(least, greatest), through: greatest)
  }

  private static func percentile(
    _ title: String, priority: Int, _ value: @escaping @Sendable (LatencySummary) -> UInt64
  ) -> Column<OpcodeLatency> {
    Column(
      title, width: 6, .right, priority: priority, order: .number { row, _ in value(row.summary) }
    ) { row, _ in Piece(Humanise.duration(value(row.summary))) }
  }

  private static let columns: [Column<OpcodeLatency>] = [
    Column(
      "RING", width: 18, minimum: 7, priority: 0, order: .number { row, _ in UInt64(row.ring) }
    ) { row, scene in
      Piece(scene.ring(row.ring).map { "\(row.ring) \($0.comm)" } ?? "\(row.ring)", .faint)
    }.meaning("Id of the ring, and the name of the process that created it."),
    Column(
      "OPCODE", width: 14, minimum: 10, priority: 0,
      order: .text { row, _ in Names.opcode(row.opcode) }
    ) { row, _ in Piece(Names.opcode(row.opcode), .name) },
    Column(
      "COUNT", width: 6, .right, priority: 3, order: .number { row, _ in row.summary.count }
    ) { row, _ in Piece(Humanise.count(row.summary.count)) },
    percentile("p50", priority: 0) { $0.p50 },
    percentile("p90", priority: 5) { $0.p90 },
    percentile("p99", priority: 0) { $0.p99 },
    percentile("p99.9", priority: 6) { $0.p999 },
    percentile("MAX", priority: 3) { $0.max },
    Column("MOST TIME IN", width: 16, minimum: 13, priority: 7) { row, _ in
      Piece(row.stageShares.first ?? "")
    }.meaning("The stage in which the requests spent the most time, and its share."),
    Column(
      "HISTOGRAM", width: 24, minimum: 12, priority: 2, growth: .toRest,
      picture: { row, scene, width in
        Piece(LatencyChart.spark(row, axis: axis(scene), width: width), .bar)
      }
    ).meaning(
      "The distribution of the latencies: the axis is logarithmic and the same in all rows."),
  ]

  mutating func navigate(_ navigation: Navigation, scene: Scene) { table.navigate(navigation) }

  var opensRows: Bool { true }

  /// Lists the ended requests of the row's ring and opcode that are still in the history. If there are
  /// none, lists those in flight: a multishot request counts from its first CQE on.
  func open(_ scene: Scene) -> PaneAction {
    guard let row = table.selectedRow else { return .none }
    let isOfRow = { (request: Request) in request.ring == row.ring && request.opcode == row.opcode }
    let query = "op=\(Names.opcode(row.opcode)) ring=\(row.ring)"
    if scene.snapshot.recent.contains(where: isOfRow) { return .listEnded(query) }
    if scene.snapshot.requests.contains(where: { isOfRow($0) && $0.hasResult }) {
      return .listInFlight(query)
    }
    return .explain(
      "the requests of this row have left the history, which keeps the requests that ended last")
  }

  func ring(_ scene: Scene) -> Ring.ID? { table.selectedRow?.ring }

  func fieldsPane(_ scene: Scene) -> (any Pane)? {
    guard let row = table.selectedRow else { return nil }
    return FieldsPane<OpcodeLatency>("latency of \(Names.opcode(row.opcode))", .latency) {
      [reset] scene in
      Self.latencies(in: scene.snapshot, since: reset).first { $0.rowID == row.rowID }
    }
  }

  mutating func click(x: Int, y: Int, scene: Scene) -> PaneAction {
    guard y < tableHeight else { return .none }
    switch table.click(x: x, y: y) {
    case .title(let column): table.sort(by: column, scene: scene)
    case .row(isAgain: true): return open(scene)
    default: break
    }
    return .none
  }
}
