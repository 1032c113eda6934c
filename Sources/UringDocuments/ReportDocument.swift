import UringFields
import UringFindings
import UringRecordings
import UringTrace

/// Findings as one JSON document. docs/json.md describes it.
public struct ReportDocument: Sendable {
  /// Version of the document's layout.
  public static let schema: UInt32 = 2

  /// The end of the watched command.
  public enum CommandEnding: Sendable, Hashable {
    /// The command exited with this status.
    case exited(Int32)
    /// This signal killed the command.
    case killed(Int32)
    /// The command was still running.
    case running
  }

  /// The snapshot to which the findings refer.
  public var snapshot: Snapshot
  public var findings: [Finding]
  /// Rules that could not be evaluated.
  public var notEvaluated: [UnevaluatedRule]
  /// The watched command, nil without one.
  public var command: (arguments: [String], ending: CommandEnding)?
  /// Version of the uringtop that writes the document.
  public var toolVersion: String

  public init(
    _ findings: [Finding], in snapshot: Snapshot, notEvaluated: [UnevaluatedRule] = [],
    command: (arguments: [String], ending: CommandEnding)? = nil, toolVersion: String
  ) {
    self.findings = findings
    self.snapshot = snapshot
    self.notEvaluated = notEvaluated
    self.command = command
    self.toolVersion = toolVersion
  }

  /// The document as JSON: one line, with a line end.
  public func encoded() -> [UInt8] {
    var json = JSONWriter()
    json.object { FieldSet<ReportDocument>.document.write(self, snapshot, to: &$0) }
    json.newline()
    return json.bytes
  }

  fileprivate var concernedRings: [Ring] {
    let concerned = Set(findings.flatMap(\.rings))
    return snapshot.rings.filter { concerned.contains($0.id) }
  }

  fileprivate func count(_ severity: Finding.Severity) -> Int {
    findings.count { $0.severity == severity }
  }
}

extension FieldSet<ReportDocument> {
  /// The members of the document.
  package static let document = FieldSet(
    "report document",
    DocumentHeader.fields(ReportDocument.schema) { $0.toolVersion } + [
      Field(
        "worst", .text, .nullable, choices: Finding.Severity.allCases.map { "\($0.name)" },
        meaning: "Severity of the worst finding; null if there is none."
      ) { report, _ in
        .unlessEmpty(report.findings.map(\.severity).max().map { "\($0.name)" })
      }
    ],
    parts: [
      .inline(FieldSet<Snapshot>.header) { report, _ in report.snapshot },
      .object("counts", counts, .always, meaning: "Findings by severity.") { report, _ in report },
      .object(
        "command", command, meaning: "The watched command; null without `-- COMMAND`."
      ) { report, _ in report.command == nil ? nil : report },
      .list("rings", FieldSet<Ring>.ringNames, meaning: "Rings that findings name.") { report, _ in
        report.concernedRings
      },
      .list("findings", FieldSet<Finding>.findings, meaning: "Findings, the worst first.") {
        report, _ in
        report.findings
      },
      .list(
        "not_evaluated", FieldSet<UnevaluatedRule>.unevaluated,
        meaning:
          "Rules that could not be evaluated: what they look for may exist although there is no finding."
      ) { report, _ in report.notEvaluated },
    ])

  private static let counts = FieldSet(
    "counts",
    Finding.Severity.allCases.map { severity in
      Field("\(severity.name)", .number, meaning: "Findings of this severity.") { report, _ in
        .integer(report.count(severity))
      }
    })

  private static let command = FieldSet(
    "command",
    [
      Field("arguments", .words, meaning: "The program and its arguments.") { report, _ in
        .words(report.command?.arguments ?? [])
      },
      Field(
        "status", .number, .nullable,
        meaning: """
          Exit status of the command; null if a signal ended the command, or if it was still \
          running.
          """
      ) { report, _ in
        if case .exited(let status)? = report.command?.ending { .integer(status) } else { .none }
      },
      Field("signal", .number, .nullable, meaning: "The signal that ended the command.") {
        report, _ in
        if case .killed(let signal)? = report.command?.ending { .integer(signal) } else { .none }
      },
    ])
}
