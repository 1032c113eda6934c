import UringBase
import UringFindings
import UringTrace

/// Rings, and the latencies of their operations.
extension HTMLReport {
  func writeRings(_ page: inout HTMLWriter) {
    let concerned = Set(document.findings.flatMap(\.rings))
    // Rings that findings name come first.
    let rings =
      snapshot.rings.filter { concerned.contains($0.id) }
      + snapshot.rings.filter { !concerned.contains($0.id) }
    let rows = rings.prefix(Limit.rings).map { row(of: $0) }
    let more = rings.count - rows.count
    page.element("section", [("id", "rings")]) { section in
      section.leaf("h2", "Rings")
      if rows.isEmpty { section.leaf("p", "No ring was watched.") }
      if !rows.isEmpty {
        section.element("div", [("class", "wide")]) { $0.table(Self.ringColumns, rows) }
      }
      if more > 0 { section.leaf("p", "\(Figures.count(more, "ring")) more.") }
    }
  }

  private static let ringColumns: [HTMLWriter.Column] = [
    .init("Ring", .number), .init("Process", .word),
    .init("SQ / CQ", .number), .init("Set up with"),
    .init("Submitted", .number), .init("Completed", .number),
    .init("In flight", .number), .init("Errors", .number),
    .init("Overflows", .number), .init("io-wq", .number),
    .init("p50", .number), .init("p99", .number),
    .init("Longest", .number),
  ]

  private func row(of ring: Ring) -> [String] {
    let name = ring.comm.isEmpty ? "?" : ring.comm
    let latency = ring.latency
    func time(_ nanoseconds: UInt64) -> String {
      latency.count == 0 ? "" : Figures.alignedDuration(nanoseconds)
    }
    let errors = ring.errnos.prefix(3).map {
      "\(ErrorNumber(rawValue: $0.errno).name) \($0.count)"
    }
    return [
      "\(ring.id)" + (ring.isClosed ? " (closed)" : ""), "\(name) \(ring.ownerTgid)",
      "\(ring.sqEntries) / \(ring.cqEntries)", ring.setupFlags.names.joined(separator: " "),
      "\(ring.counts.submitted)", "\(ring.counts.completed)", "\(ring.inFlight)",
      "\(ring.counts.errors)" + (errors.isEmpty ? "" : " (\(errors.joined(separator: ", ")))"),
      "\(ring.counts.overflows)", "\(ring.counts.punted)",
      time(latency.p50), time(latency.p99), time(latency.max),
    ]
  }

  func writeLatencies(_ page: inout HTMLWriter) {
    let all = snapshot.latency.filter { !$0.buckets.isEmpty }
    guard !all.isEmpty else { return }
    // Rings that findings name come first, then higher counts. Otherwise the snapshot's order is
    // kept.
    let concerned = Set(document.findings.flatMap(\.rings))
    let order = all.indices.sorted { one, other in
      let (mine, theirs) = (concerned.contains(all[one].ring), concerned.contains(all[other].ring))
      if mine != theirs { return mine }
      return (all[other].summary.count, one) < (all[one].summary.count, other)
    }
    let shown = order.prefix(Limit.charts).map { all[$0] }
    let axis = LatencyPlot.Axis(shown)
    page.element("section", [("id", "latency")]) { section in
      section.leaf("h2", "Latency")
      section.leaf(
        "p", [("class", "faint")],
        "From submission to completion. All charts have the same logarithmic axis.")
      section.element("div", [("class", "charts")]) { charts in
        for latency in shown { write(latency, axis, &charts) }
      }
      let more = all.count - shown.count
      if more > 0 { section.leaf("p", "\(Figures.count(more, "operation")) more.") }
    }
  }

  private func write(
    _ latency: OpcodeLatency, _ axis: LatencyPlot.Axis, _ page: inout HTMLWriter
  ) {
    page.element("figure") { figure in
      figure.leaf("h3", "\(latency.opcode.name) on ring \(latency.ring)")
      LatencyPlot(latency: latency, axis: axis).write(to: &figure)
      let summary = latency.summary
      var text =
        "\(Figures.count(summary.count, "request")): "
        + [
          ("p50", summary.p50), ("p90", summary.p90), ("p99", summary.p99),
          ("p99.9", summary.p999), ("longest", summary.max),
        ].map { "\($0) \(Figures.duration($1))" }.joined(separator: ", ")
      let stages = latency.stageShares
      if !stages.isEmpty { text += "; time " + stages.joined(separator: ", ") }
      figure.leaf("figcaption", text)
    }
  }
}
