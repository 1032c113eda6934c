import UringBase
import UringFindings
import UringRecordings
import UringTrace

/// Findings, each with its evidence.
extension HTMLReport {
  func writeFindings(_ page: inout HTMLWriter) {
    page.element("section", [("id", "findings")]) { section in
      section.leaf("h2", "Findings")
      if document.findings.isEmpty { section.leaf("p", "None.") }
      for finding in document.findings.prefix(Limit.findings) { write(finding, &section) }
      let more = document.findings.count - Limit.findings
      if more > 0 { section.leaf("p", "\(Figures.count(more, "finding")) more.") }
    }
  }

  private func write(_ finding: Finding, _ page: inout HTMLWriter) {
    let end = finding.past?.until ?? snapshot.time
    let requests = finding.requests(in: snapshot)
    page.element("article", [("class", "\(finding.severity.name)")]) { article in
      article.element("h3", [("class", "head")]) { head in
        head.leaf(
          "span", [("class", "badge \(finding.severity.name)")], "\(finding.severity.name)")
        head.leaf("code", finding.tag)
      }
      article.element("p") { $0.leaf("strong", finding.summary) }
      article.element("dl") { list in
        let rings = document.labels(ofRingsOf: finding)
        if !rings.isEmpty { list.fact("Rings", rings.joined(separator: ", ")) }
        if !finding.processes.isEmpty {
          list.fact("Processes", finding.processes.map(String.init).joined(separator: ", "))
        }
        if let past = finding.past { list.fact("Seen", document.text(of: past)) }
        list.fact("Means", finding.meaning)
        list.fact("Do", finding.cure)
      }
      if !finding.numbers.isEmpty {
        article.table(
          [.init("Figure"), .init("Value", .number)],
          finding.numbers.map { [$0.words, $0.text] })
      }
      writeEdges(of: finding, &article)
      if !requests.isEmpty {
        writeRequests(requests, of: finding, until: end, &article)
        for group in groups(of: requests) { write(group, until: end, &article) }
      }
    }
  }

  private func writeEdges(of finding: Finding, _ page: inout HTMLWriter) {
    guard !finding.edges.isEmpty else { return }
    page.table(
      [.init("Waits"), .init("For"), .init("Seen")],
      finding.edges.map { [$0.from, $0.to, $0.text] })
  }

  // MARK: Requests

  private func writeRequests(
    _ all: [Request], of finding: Finding, until end: UInt64, _ page: inout HTMLWriter
  ) {
    let requests = Array(all.prefix(Limit.requests))
    page.element("div", [("class", "wide")]) { div in
      div.table(
        [
          .init("Request", .number), .init("Operation", .word),
          .init("user_data", .word), .init("File"), .init("Submitted by"),
          .init("State", .word), .init("Age", .number), .init("Result", .word),
          .init("Steps"),
        ], requests.map { row(of: $0, until: end) })
    }
    let more = finding.requestCount - min(finding.requestCount, UInt64(requests.count))
    if more > 0 { page.leaf("p", [("class", "faint")], "And \(more) more.") }
    page.element("figure") { figure in
      figure.leaf("figcaption", "Each request from its submission on.")
      Timeline(requests.map { Timeline.Row(request: $0, until: end) }).write(to: &figure)
    }
  }

  private func row(of request: Request, until end: UInt64) -> [String] {
    [
      "\(request.id)", request.opcode.name, request.userDataText ?? "not known",
      snapshot.fileNames.description(of: request) ?? request.file.map(\.text) ?? "",
      request.submitterTid == 0 ? "not known" : thread(request.submitterTid),
      request.state.name + (request.isEndDerived ? " (derived)" : ""),
      Figures.alignedDuration(request.age(at: end)).ofBound(!request.isStartKnown),
      request.hasResult ? ErrorNumber.text(ofResult: request.result) : "",
      steps(of: request),
    ]
  }

  /// The steps of a request, with the time since the first step: `submitted, poll_armed +2 µs,
  /// completed +5 ms`.
  private func steps(of request: Request) -> String {
    let steps = request.steps
    let texts = steps.map { step in
      let time = step.time.since(request.startTime)
      return "\(JSONNames.step(step.kind))" + (time == 0 ? "" : " +\(Figures.duration(time))")
    }
    guard request.droppedSteps > 0, let last = texts.last else {
      return texts.joined(separator: ", ")
    }
    return (texts.dropLast() + ["… \(request.droppedSteps) more …", last]).joined(separator: ", ")
  }

  private func thread(_ tid: UInt32) -> String {
    snapshot.taskNames[tid].map { "\($0)/\(tid)" } ?? "\(tid)"
  }

  // MARK: Groups

  private func groups(of requests: [Request]) -> [RequestGroup] {
    let ids = Set(requests.map(\.group)).subtracting([0])
    return Array(snapshot.groups.filter { ids.contains($0.id) }.prefix(Limit.groups))
  }

  private func write(_ group: RequestGroup, until end: UInt64, _ page: inout HTMLWriter) {
    page.element("figure") { figure in
      figure.leaf("figcaption", caption(of: group))
      var rows: [Timeline.Row] = []
      if group.leader.isKnown { rows.append(Timeline.Row(leaderOf: group, until: end)) }
      rows.append(Timeline.Row(bufferOf: group, until: end))
      for member in group.members.suffix(Limit.members) {
        rows.append(Timeline.Row(member: member, until: end))
      }
      Timeline(rows).write(to: &figure)
    }
  }

  private func caption(of group: RequestGroup) -> String {
    var text = "Group \(group.id), \(group.provider.title): \(group.state.name)"
    if let index = group.buffer.index { text += ", buffer \(index)" }
    if group.buffer.length != 0 { text += ", \(group.buffer.length) bytes" }
    text += ", \(group.doneCount) of \(Figures.count(group.memberCount, "member")) done"
    let shown = min(group.members.count, Limit.members)
    if group.memberCount > UInt64(shown) { text += " (the last \(shown) are shown)" }
    let conditions = group.conditions.map { "\($0.name)" }
    if !conditions.isEmpty { text += ", " + conditions.joined(separator: ", ") }
    guard let acknowledgement = group.acknowledgement else { return text }
    let callback = acknowledgement.callback.isEmpty ? "" : " by \(acknowledgement.callback)"
    let start = acknowledgement.time.since(group.startTime)
    return text + ", given back\(callback) after \(Figures.duration(start))"
      + (acknowledgement.isDerived ? " (derived)" : "")
  }
}

extension Finding.Number {
  fileprivate static let units = ["_ns", "_percent"]

  /// The name without its unit: `longest wait`.
  fileprivate var words: String {
    var words = name
    for unit in Self.units where words.hasSuffix(unit) { words.removeLast(unit.utf8.count) }
    return String(words.map { $0 == "_" ? " " : $0 })
  }

  fileprivate var text: String {
    if name.hasSuffix("_ns") { return Figures.duration(value) }
    return name.hasSuffix("_percent") ? "\(value) %" : "\(value)"
  }
}

extension FileReference {
  fileprivate var text: String {
    switch self {
    case .descriptor(let fd): "fd \(fd)"
    case .fixed(let index): "registered file \(index)"
    }
  }
}
