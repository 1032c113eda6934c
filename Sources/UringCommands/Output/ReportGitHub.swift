import UringBase
import UringDocuments
import UringFindings

/// Findings as workflow commands of GitHub Actions, which show them as annotations.
struct ReportGitHub {
  let verdict: ReportVerdict

  var text: PlainText {
    var text = PlainText()
    for finding in verdict.document.findings {
      text.line(
        command(
          finding.severity.annotation, title: "\(finding.tag)",
          "\(finding.summary)\n\(finding.meaning)\n\(finding.cure)"))
    }
    if verdict.lacksRings {
      text.line(command("error", title: "uringtop", ReportVerdict.lacksRingsText))
    }
    if let failure = verdict.document.commandFailure {
      text.line(command("error", title: "uringtop", failure))
    }
    text.append(ReportText(verdict.document, leftOut: verdict.ignored.count).conclusion)
    return text
  }

  private func command(_ name: String, title: String, _ message: String) -> String {
    "::\(name) title=\(escaped(title, "%\r\n:,"))::\(escaped(message, "%\r\n"))"
  }

  /// The text with its special characters percent-encoded.
  private func escaped(_ text: String, _ special: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      if special.unicodeScalars.contains(scalar) {
        result +=
          "%" + (scalar.value < 16 ? "0" : "")
          + String(scalar.value, radix: 16, uppercase: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
}

extension Finding.Severity {
  fileprivate var annotation: String {
    switch self {
    case .info: "notice"
    case .warn: "warning"
    case .crit: "error"
    }
  }
}
