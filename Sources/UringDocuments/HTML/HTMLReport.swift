import UringBase
import UringFindings
import UringRecordings
import UringTrace

/// A report as one HTML file that needs no script, no other file and no network.
public struct HTMLReport {
  let document: ReportDocument
  /// Number of findings that the user's options excluded from the document.
  private let leftOut: Int

  var snapshot: Snapshot { document.snapshot }

  /// Maximum number of entries that a report shows. Further entries are only counted.
  enum Limit {
    static let findings = 200
    static let requests = 16
    static let members = 24
    static let groups = 8
    static let rings = 200
    static let charts = 24
  }

  public init(_ document: ReportDocument, leftOut: Int = 0) {
    self.document = document
    self.leftOut = leftOut
  }

  public func encoded() -> [UInt8] {
    var page = HTMLWriter()
    page.markup("<!DOCTYPE html>\n")
    page.element("html", [("lang", "en")]) { html in
      html.element("head") { head in
        head.markup("<meta charset=\"utf-8\"/>\n")
        head.markup("<meta name=\"viewport\" content=\"width=device-width\"/>\n")
        // With this policy nothing in the file can run or load, even if a browser misreads the
        // file.
        head.markup(
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
        )
        head.leaf("title", title)
        head.element("style") { $0.markup(HTMLStyle.sheet) }
      }
      html.element("body") { body in
        writeHeader(&body)
        body.element("main") { main in
          writeFindings(&main)
          writeRings(&main)
          writeLatencies(&main)
          writeNotEvaluated(&main)
        }
      }
    }
    return Array(page.html.utf8)
  }

  // MARK: Header

  private var title: String {
    guard let worst = document.findings.first else { return "uringtop: no findings" }
    let more = document.findings.count - 1
    return "uringtop: \(worst.tag)" + (more > 0 ? " and \(more) more" : "")
  }

  private func writeHeader(_ page: inout HTMLWriter) {
    page.element("header") { header in
      header.leaf("h1", "uringtop report")
      header.element("p") { line in
        for severity in Finding.Severity.allCases.reversed() {
          let count = document.findings.count { $0.severity == severity }
          if count > 0 {
            line.leaf(
              "span", [("class", "badge \(severity.name)")], "\(count) \(severity.name)")
          }
        }
        if document.findings.isEmpty {
          line.text(leftOut > 0 ? "No findings to report" : "No findings")
        }
        if leftOut > 0 { line.leaf("span", [("class", "faint")], " \(leftOut) left out") }
      }
      header.element("dl") { list in
        for (name, value) in facts { list.fact(name, value) }
      }
      header.element("nav") { nav in
        nav.markup("<a href=\"#findings\">Findings</a> <a href=\"#rings\">Rings</a>")
        nav.markup(" <a href=\"#latency\">Latency</a>\n")
      }
    }
  }

  private var facts: [(StaticString, String)] {
    let host = snapshot.host
    var facts: [(StaticString, String)] = []
    if host.startRealtime != 0 { facts.append(("Began", UTCTime.prose(host.startRealtime))) }
    facts.append(("Watched for", Figures.duration(snapshot.time.since(host.startTime))))
    facts.append(("Rings", "\(snapshot.rings.count)"))
    let totals = snapshot.totals
    facts.append(
      (
        "Requests",
        "\(totals.submitted) submitted, \(totals.found) older, \(totals.inFlight) in flight at the end"
      ))
    if host.sampling > 1 { facts.append(("Sampling", "one request in \(host.sampling)")) }
    if snapshot.lost.total > 0 { facts.append(("Records lost", "\(snapshot.lost.total)")) }
    if snapshot.lost.uncounted > 0 {
      facts.append(("Events uncounted", "up to \(snapshot.lost.uncounted)"))
    }
    if let command = document.command {
      let ending =
        switch command.ending {
        case .exited(let status): "ended with status \(status)"
        case .killed(let signal): "was killed by signal \(signal)"
        case .running: "was still running"
        }
      facts.append(("Command", command.arguments.joined(separator: " ") + " — " + ending))
    }
    facts.append(("Kernel", host.kernel))
    facts.append(("uringtop", "\(document.toolVersion), \(host.tier)"))
    return facts
  }

  private func writeNotEvaluated(_ page: inout HTMLWriter) {
    let lines = UnevaluatedRule.lines(document.notEvaluated)
    guard !lines.isEmpty else { return }
    page.element("section") { section in
      section.leaf("h2", "Not evaluated")
      section.leaf(
        "p", [("class", "faint")],
        "What these rules look for may exist although there is no finding.")
      section.element("ul") { list in
        for line in lines { list.leaf("li", line) }
      }
    }
  }
}

extension HTMLWriter {
  /// Adds a name and its value to a list of facts.
  mutating func fact(_ name: StaticString, _ value: String) {
    leaf("dt", "\(name)")
    leaf("dd", value)
  }
}
