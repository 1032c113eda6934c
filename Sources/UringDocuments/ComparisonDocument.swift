import UringComparison
import UringFields
import UringFindings
import UringRecordings
import UringTrace

/// A comparison of two recordings as one JSON document. docs/json.md describes it.
public struct ComparisonDocument: Sendable {
  /// Version of the document's layout.
  public static let schema: UInt32 = 1

  public var comparison: WorkloadComparison
  /// Version of the uringtop that writes the document.
  public var toolVersion: String

  public init(_ comparison: WorkloadComparison, toolVersion: String) {
    self.comparison = comparison
    self.toolVersion = toolVersion
  }

  /// The document as JSON: one line, with a line end.
  public func encoded() -> [UInt8] {
    var json = JSONWriter()
    json.object { FieldSet<ComparisonDocument>.document.write(self, comparison.after.end, to: &$0) }
    json.newline()
    return json.bytes
  }
}

extension FieldSet<ComparisonDocument> {
  /// The members of the document.
  package static let document = FieldSet(
    "comparison document",
    DocumentHeader.fields(ComparisonDocument.schema) { $0.toolVersion } + [
      Field(
        "regression", .flag,
        meaning: "Whether something got worse beyond noise, or a `crit` or `warn` finding appeared."
      ) {
        document, _ in .flag(document.comparison.hasRegression)
      },
      Field(
        "significance", .decimal,
        meaning: """
          Probability that a comparison of two recordings of the same workload reports any \
          difference.
          """
      ) { _, _ in .decimal(WorkloadComparison.significance) },
    ],
    parts: [
      .object(
        "before", FieldSet<WorkloadProfile>.profiles, .always, meaning: "The first recording."
      ) {
        document, _ in document.comparison.before
      },
      .object(
        "after", FieldSet<WorkloadProfile>.profiles, .always, meaning: "The second recording."
      ) {
        document, _ in document.comparison.after
      },
      .list(
        "differences", FieldSet<Difference>.differences,
        meaning: """
          All compared quantities: regressions first, then improvements, each with the largest \
          effects first.
          """
      ) { document, _ in document.comparison.differences },
      .list(
        "scarce", FieldSet<RoleCount>.roleCounts,
        meaning: """
          Roles (a program, a file and an opcode) of both recordings that have too few requests to \
          compare.
          """
      ) { document, _ in document.comparison.scarceRoles.map(RoleCount.init) },
      .list(
        "disappeared", FieldSet<RoleCount>.roleCounts,
        meaning: "Roles (a program, a file and an opcode) of the first recording only."
      ) { document, _ in document.comparison.disappearedRoles.map(RoleCount.init) },
      .list(
        "appeared", FieldSet<RoleCount>.roleCounts,
        meaning: "Roles (a program, a file and an opcode) of the second recording only."
      ) { document, _ in document.comparison.appearedRoles.map(RoleCount.init) },
      .list(
        "disappeared_findings", FieldSet<Finding>.briefFindings,
        meaning: "Findings of the first recording only."
      ) { document, _ in document.comparison.disappearedFindings },
      .list(
        "appeared_findings", FieldSet<Finding>.briefFindings,
        meaning: "Findings of the second recording only."
      ) { document, _ in document.comparison.appearedFindings },
    ])
}

extension FieldSet<WorkloadProfile> {
  fileprivate static let profiles = FieldSet(
    "profiles",
    [
      Field("requests", .number, meaning: "Ended requests that were compared.") { profile, _ in
        .number(profile.requestCount)
      },
      Field("lost", .number, meaning: "Records that are missing in the recording.") { profile, _ in
        .number(profile.lostCount)
      },
    ])
}

extension FieldSet<Difference> {
  /// The fields of a compared quantity.
  package static let differences = FieldSet(
    "differences",
    [
      Field(
        "verdict", .text, choices: Difference.Verdict.allCases.map { "\($0)" },
        meaning: "`unchanged` if the difference is within noise, or too small to count."
      ) { difference, _ in .text("\(difference.verdict)") },
      Field("program", .text, meaning: "Name of the process that owns the rings.") {
        difference, _ in .text(difference.program)
      },
      Field(
        "file", .text, .nullable,
        meaning:
          "The file, with `#` for digits; null for quantities of all files, and of the program."
      ) { difference, _ in .unlessEmpty(difference.role?.file) },
      Field(
        "opcode", .text, .nullable, meaning: "The opcode; null for quantities of the program."
      ) { difference, _ in .unlessEmpty(difference.role?.opcode.name) },
      Field("quantity", .text, meaning: "What was compared, as docs/comparison.md lists.") {
        difference, _ in .text(difference.quantity.name)
      },
      Field(
        "scale", .text, choices: ["time", "ratio", "share"],
        meaning: """
          `time`: nanoseconds. `ratio`: a quotient of two counts. `share`: a part of all requests \
          or CQEs, from 0 to 1.
          """
      ) { difference, _ in .text("\(difference.quantity.scale)") },
      Field("before", .decimal, meaning: "The value in the first recording.") { difference, _ in
        .decimal(difference.before)
      },
      Field("after", .decimal, meaning: "The value in the second recording.") { difference, _ in
        .decimal(difference.after)
      },
      Field(
        "change", .decimal,
        meaning: """
          The change: relative to `before`; for a share, absolute; for the time in a stage, \
          relative to the mean latency.
          """
      ) { difference, _ in .decimal(difference.change) },
      Field("error", .decimal, meaning: "Standard error of the change.") { difference, _ in
        .decimal(difference.error)
      },
      Field(
        "probability", .decimal,
        meaning: """
          Probability that two recordings of the same workload differ by this much, by Welch's \
          t-test.
          """
      ) { difference, _ in .decimal(difference.probability) },
      Field(
        "batches_before", .number,
        meaning: "Batches of requests of the first recording that were compared."
      ) {
        difference, _ in .integer(difference.batches.before)
      },
      Field("batches_after", .number, meaning: "Batches of requests of the second recording.") {
        difference, _ in .integer(difference.batches.after)
      },
    ])
}

/// A role and its number of requests.
private struct RoleCount: Sendable {
  var role: WorkloadRole
  var requests: UInt64

  init(_ pair: (role: WorkloadRole, requests: UInt64)) { (role, requests) = pair }
}

extension FieldSet<RoleCount> {
  fileprivate static let roleCounts = FieldSet(
    "roles",
    [
      Field("program", .text, meaning: "Name of the process that owns the rings.") { count, _ in
        .text(count.role.program)
      },
      Field("file", .text, .nullable, meaning: "The file, with `#` for digits.") { count, _ in
        .unlessEmpty(count.role.file)
      },
      Field("opcode", .text, meaning: "The opcode.") { count, _ in .text(count.role.opcode.name) },
      Field("requests", .number, meaning: "Ended requests.") { count, _ in .number(count.requests)
      },
    ])
}

extension FieldSet<Finding> {
  fileprivate static let briefFindings = FieldSet(
    "brief findings",
    ["tag", "severity", "summary"].compactMap { FieldSet<Finding>.findings.field($0) })
}
