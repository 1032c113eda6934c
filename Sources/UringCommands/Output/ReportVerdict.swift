import UringDocuments
import UringFindings

/// Whether a report is a failure, and which findings make it one.
struct ReportVerdict {
  let document: ReportDocument
  /// The severity from which findings are failures; nil if none is.
  let failOn: Finding.Severity?
  let requiresRings: Bool
  /// Findings that `--ignore` names; ``document`` lacks them.
  var ignored: [Finding] = []

  /// `report` saw no ring although it was to.
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
