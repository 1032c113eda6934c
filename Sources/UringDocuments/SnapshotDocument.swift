import UringFields
import UringFindings
import UringRecordings
import UringTrace

/// A snapshot as one JSON document. docs/json.md describes it.
public struct SnapshotDocument: Sendable {
  /// Version of the document's layout.
  public static let schema: UInt32 = 3

  public var snapshot: Snapshot
  /// Returns true for requests to list; nil lists all. Findings and chains also describe requests
  /// that are not listed.
  public var lists: (@Sendable (Request) -> Bool)?
  /// The findings; nil omits the member `findings`.
  public var findings: [Finding]?
  /// Rules that could not be evaluated.
  public var notEvaluated: [UnevaluatedRule]
  /// Version of the uringtop that writes the document.
  public var toolVersion: String

  public init(
    _ snapshot: Snapshot, findings: [Finding]? = nil, notEvaluated: [UnevaluatedRule] = [],
    toolVersion: String
  ) {
    self.notEvaluated = notEvaluated
    self.snapshot = snapshot
    self.findings = findings
    self.toolVersion = toolVersion
  }

  /// The document as JSON: one line, with a line end.
  public func encoded() -> [UInt8] { encoded { _ in } }

  /// Writes the document with the caller's own members at the end.
  package func encoded(adding members: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      FieldSet<SnapshotDocument>.document.write(self, snapshot, to: &json)
      members(&json)
    }
    json.newline()
    return json.bytes
  }

  /// The snapshot with only the listed requests.
  fileprivate var listed: Snapshot {
    guard let lists else { return snapshot }
    var listed = snapshot
    listed.requests.removeAll { !lists($0) }
    listed.recent.removeAll { !lists($0) }
    return listed
  }
}

extension FieldSet<SnapshotDocument> {
  /// The members of the document.
  package static let document = FieldSet(
    "snapshot document", DocumentHeader.fields(SnapshotDocument.schema) { $0.toolVersion },
    parts: [
      .inline(FieldSet<Snapshot>.header) { document, _ in document.snapshot },
      .inline(FieldSet<Snapshot>.snapshot) { document, _ in document.listed },
      .list(
        "findings", FieldSet<Finding>.findings, .ifKnown,
        meaning:
          "Findings, the worst first; rates are judged over the whole observation."
      ) { document, _ in document.findings },
      .list(
        "not_evaluated", FieldSet<UnevaluatedRule>.unevaluated, .ifKnown,
        meaning:
          "Rules that could not be evaluated: what they look for may exist although there is no finding."
      ) { document, _ in document.findings == nil ? nil : document.notEvaluated },
    ])
}
