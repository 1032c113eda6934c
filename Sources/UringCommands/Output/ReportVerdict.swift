import UringDocuments
import UringFindings

/// The verdict on a report: whether it is a failure, and because of which findings.
struct ReportVerdict {
  let document: ReportDocument
  /// The lowest severity at which a finding is a failure; nil if no finding is a failure.
  let failOn: Finding.Severity?
  let requiresRings: Bool
  /// Findings that `--ignore` names; ``document`` lacks them.
  var ignored: [Finding] = []

  /// True if `--require-rings` is given and no ring was watched.
  var lacksRings: Bool { requiresRings && document.snapshot.rings.isEmpty }

  static let lacksRingsText = "no ring was watched"

  var status: Int32 {
    if let failOn, document.findings.contains(where: { $0.severity >= failOn }) {
      return ExitStatus.findings
    }
    if document.commandFailure != nil { return ExitStatus.childFailed }
    return lacksRings ? ExitStatus.noRings : ExitStatus.success
  }
}
