import UringBase
import UringDocuments
import UringFields
import UringFindings
import UringTrace

/// Findings as human-readable text.
struct ReportText {
  private let document: ReportDocument

  /// Number of findings that the user's options excluded from the document.
  private let leftOut: Int

  init(_ document: ReportDocument, leftOut: Int = 0) {
    self.document = document
    self.leftOut = leftOut
  }

  var text: PlainText {
    var text = PlainText()
    for finding in document.findings {
      describe(finding, &text)
      text.line()
    }
    conclude(&text)
    return text
  }

  /// The lines of one finding.
  func lines(of finding: Finding) -> PlainText {
    var text = PlainText()
    describe(finding, &text)
    return text
  }

  /// The lines after the findings.
  var conclusion: PlainText {
    var text = PlainText()
    conclude(&text)
    return text
  }

  /// Maximum number of requests listed under a finding.
  private static var requestLimit: Int { 5 }

  private func describe(_ finding: Finding, _ text: inout PlainText) {
    let snapshot = document.snapshot
    let rings = document.labels(ofRingsOf: finding)
    text.line(
      "\(finding.severity.name)  \(finding.tag)" + (rings.isEmpty ? "" : "  ")
        + rings.joined(separator: ", "))
    text.line("  \(finding.summary)")
    if let past = finding.past { text.line("  seen:   \(document.text(of: past))") }
    text.line("  means:  \(finding.meaning)")
    text.line("  do:     \(finding.cure)")
    let requests = finding.requests(in: snapshot).prefix(Self.requestLimit)
    let time = finding.past?.until ?? snapshot.time
    for request in requests { text.line("  request \(describe(request, at: time))") }
    let more = finding.requestCount - min(finding.requestCount, UInt64(requests.count))
    if more > 0, !requests.isEmpty { text.line("  and \(more) more") }
  }

  private func describe(_ request: Request, at time: UInt64) -> String {
    let snapshot = document.snapshot
    var text = "\(request.id): \(request.opcode.name) \(request.userDataText ?? "?")"
    if let name = snapshot.fileNames.name(of: request) {
      text += " on \(name.printable.shortened(to: PlainText.widestName))"
    }
    if request.hasResult {
      let error = ErrorNumber(result: request.result)?.name
      return text + ", result \(error ?? "\(request.result)")"
    }
    let age = time.since(request.startTime)
    return text + ", \(request.state.name) for \(request.boundOfAge)\(Figures.duration(age))"
  }

  private func conclude(_ text: inout PlainText) {
    let snapshot = document.snapshot
    let counts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
      let count = document.findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(severity.name)"
    }
    let length = snapshot.time.since(snapshot.host.startTime)
    let found =
      counts.isEmpty
      ? leftOut > 0 ? "no findings to report" : "no findings"
      : "\(Figures.count(document.findings.count, "finding")): "
        + counts.joined(separator: ", ")
    text.line(
      found + (leftOut > 0 ? " (\(leftOut) left out)" : "")
        + "; \(Figures.count(snapshot.rings.count, "ring")) watched for \(Figures.duration(length))"
    )
    if snapshot.rings.isEmpty { text.line(EmptyRingList.text) }
    let lost = snapshot.lost.total
    if lost > 0 { text.line("\(Figures.count(lost, "record")) \(lost == 1 ? "was" : "were") lost") }
    let uncounted = snapshot.lost.uncounted
    if uncounted > 0 {
      text.line("the counts are too low by up to \(Figures.count(uncounted, "event"))")
    }
    for line in UnevaluatedRule.lines(document.notEvaluated) { text.line("not evaluated: \(line)") }
    if let failure = document.commandFailure { text.line(failure) }
  }
}
