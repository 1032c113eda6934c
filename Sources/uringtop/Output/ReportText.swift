import UringDocuments
import UringFindings
import UringTrace

/// Findings for people.
struct ReportText {
  private let document: ReportDocument

  init(_ document: ReportDocument) { self.document = document }

  var text: String {
    var text = ""
    for finding in document.findings { text += describe(finding) + "\n" }
    return text + conclusion
  }

  /// Requests listed under a finding.
  private static var requestLimit: Int { 5 }

  private func describe(_ finding: Finding) -> String {
    let snapshot = document.snapshot
    let rings = finding.rings.map { id in
      (finding.past?.rings ?? snapshot.rings).first { $0.id == id }.map(describe) ?? "ring \(id)"
    }
    var text = "\(finding.severity.name)  \(finding.tag)"
    text += (rings.isEmpty ? "" : "  ") + rings.joined(separator: ", ") + "\n"
    text += "  \(Text.clean(finding.summary))\n"
    if let past = finding.past { text += "  held:   \(describe(past))\n" }
    text += "  means:  \(finding.meaning)\n  do:     \(finding.cure)\n"
    let requests = finding.requests(in: snapshot).prefix(Self.requestLimit)
    let time = finding.past?.until ?? snapshot.time
    for request in requests { text += "  request \(describe(request, at: time))\n" }
    let more = finding.requestCount - min(finding.requestCount, UInt64(requests.count))
    if more > 0, !requests.isEmpty { text += "  and \(more) more\n" }
    return text
  }

  private func describe(_ ring: Ring) -> String {
    let fd = ring.descriptors.first { $0.fd >= 0 }.map { " fd \($0.fd)" } ?? ""
    let owner = ring.comm.isEmpty ? "?" : Text.clean(ring.comm)
    return "ring \(ring.id) (\(owner) \(ring.ownerTgid)\(fd))"
  }

  /// `from 2.5 s to 4.5 s, and once more`.
  private func describe(_ past: Finding.Past) -> String {
    let start = document.snapshot.host.startTime
    let text =
      "from \(Text.duration(past.from.since(start))) to \(Text.duration(past.until.since(start)))"
    return switch past.times {
    case 1: text
    case 2: text + ", and once more"
    default: text + ", and \(past.times - 1) times more"
    }
  }

  private func describe(_ request: Request, at time: UInt64) -> String {
    let snapshot = document.snapshot
    var text = "\(request.id): \(request.opcode.name) \(request.userDataText ?? "?")"
    if let name = snapshot.fileNames.name(of: request) { text += " on \(Text.clean(name))" }
    if request.hasResult {
      let error = ErrorNumber(result: request.result)?.name
      return text + ", result \(error ?? "\(request.result)")"
    }
    let age = time.since(request.startTime)
    return text + ", \(request.state.name) for \(Text.duration(age))"
  }

  private var conclusion: String {
    let snapshot = document.snapshot
    let counts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
      let count = document.findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(severity.name)"
    }
    let length = snapshot.time.since(snapshot.host.startTime)
    var text =
      counts.isEmpty
      ? "no findings"
      : "\(document.findings.count) finding\(document.findings.count == 1 ? "" : "s"): "
        + counts.joined(separator: ", ")
    text +=
      "; \(snapshot.rings.count) ring\(snapshot.rings.count == 1 ? "" : "s") watched for \(Text.duration(length))\n"
    if snapshot.lost.total > 0 { text += "\(snapshot.lost.total) records were lost\n" }
    for line in UnevaluatedRule.lines(document.notEvaluated) { text += "not evaluated: \(line)\n" }
    switch document.command?.ending {
    case .exited(let status)? where status != 0: text += "the command ended with status \(status)\n"
    case .killed(let signal)?: text += "the command was killed by signal \(signal)\n"
    default: break
    }
    return text
  }
}
